"""Reads the sentences of a workbook: every percentage in them must be a number that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from flows.crosstabs.audit.leaks import Leak
from flows.crosstabs.audit.published import SHARE_KINDS, TOTAL, BookTable, PublishedFile
from flows.dossiers.texts import words

PERCENT = re.compile(r"(?<![\d.,])(\d{1,3}(?:[.,]\d+)?)\s?%")
NUMBER = re.compile(r"\d")
_MORE_THAN_ALL = re.compile(r"\b(?:dan|than) 100\s?%")
_WHOLE = (words("nl")("total"), words("en")("total"))


@dataclass
class Sentences:
    """What sentences of the workbook `name` may say, by the tidy table beside it."""

    file: PublishedFile
    name: str

    @cached_property
    def columns(self) -> Mapping[str, str]:
        found = dict.fromkeys(_WHOLE, TOTAL)
        for column in self.file.columns.values():
            for text in column.label.values():
                found.setdefault(text, column.code)
        return found

    def mentioned(self, text: str, *, brackets: bool = False) -> list[BookTable]:
        """The tables whose number, or text, stands in a text."""
        numbers = set(re.findall(r"[\w.\-]+", text if not brackets else _bracketed(text)))
        return [
            table
            for table in self.file.tables.values()
            if table.number in numbers
            or (not brackets and any(len(t) > 15 and t.rstrip(".?") in text for t in table.texts))
        ]

    def faults(
        self, where: str, text: str, tables: list[BookTable], group: str | None = None
    ) -> Iterator[Leak]:
        """Percentages in a sentence must be shown numbers, of the group named before them."""
        plain = _MORE_THAN_ALL.sub("", self._without_quotes(text, tables))
        for found in PERCENT.finditer(plain):
            value = value_of(found[1])
            named = self.named_before(plain[: found.start()]) or group
            columns = {named, TOTAL} if named is not None else {None}
            shown = {
                round(number * 100, 6)
                for column in columns
                for number in self.shown(tables, column)
            }
            hides = any(
                named is None or column == named
                for table in tables
                for _, column in self.file.hidden(table)
            )
            if value not in shown and hides:
                of = f", column {named}" if named else ""
                numbers = ", ".join(table.number for table in tables[:3])
                told = f"a sentence says {found[0]}, which tables.csv does not show ('{text[:90]}')"
                yield Leak(self.name, "left", f"table {numbers}{of}, {where}", told)

    def column(self, text: str) -> str | None:
        """The column with this name."""
        return self.columns.get(text.strip())

    def named_before(self, text: str) -> str | None:
        """The group named last in a text."""
        places = {
            text.rfind(label): code
            for label, code in self.columns.items()
            if code != TOTAL and label in text
        }
        return places[max(places)] if places else None

    def _without_quotes(self, text: str, tables: Iterable[BookTable]) -> str:
        """A sentence without the labels of answers and questions, which may hold numbers."""
        labels = {
            label
            for table in tables
            for label in (*table.texts, *(t for row in table.rows for t in row.label.values()))
            if NUMBER.search(label)
        }
        for label in sorted(labels, key=len, reverse=True):
            text = text.replace(label, "")
        return text

    def shown(self, tables: Iterable[BookTable], column: str | None) -> set[float]:
        """Numbers that may be said: values, bounds and margins of shown cells."""
        numbers: set[float] = set()
        for table in tables:
            for code in table.columns if column is None else (column,):
                numbers |= self._shown_in(table.number, code)
        return numbers

    @cached_property
    def _by_column(self) -> dict[tuple[str, str], set[float]]:
        found: dict[tuple[str, str], set[float]] = {}
        for (table, row, column), figure in self.file.figures.items():
            if figure.shown and (row[0] in SHARE_KINDS or figure.value is not None):
                numbers = {x for x in (figure.value, figure.low, figure.high) if x is not None}
                found.setdefault((table, column), set()).update(numbers)
        return found

    def _shown_in(self, table: str, column: str) -> set[float]:
        return self._by_column.get((table, column), set())


def _bracketed(text: str) -> str:
    return " ".join(re.findall(r"\(([^)]*)\)", text))


def value_of(text: str) -> float:
    """A number as it is written in either language."""
    return float(text.replace(",", "."))

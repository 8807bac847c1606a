"""The sheet with the parameters of a typing kit: what may be filled in, and what it counts for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.dossiers.typing_kit_book import KitBook, block, quoted, spot
from flows.dossiers.typing_kit_parts import Entry, KitParts, unique_labels
from flows.dossiers.typing_kit_texts import KitWords


@dataclass(frozen=True)
class Choice:
    """Where the texts stand that one cell may hold: `rows` all, `offered` in a drop-down."""

    rows: tuple[int, int]
    offered: tuple[int, int]
    number: int | None = None


class Tables:
    """The sheet with parameters.

    `keys`: "codes" where people fill in codes (of a demographic level also its label), or
    "labels" where they choose a text.
    """

    def __init__(
        self, book: KitBook, parts: KitParts, words: KitWords, keys: str, *, hidden: bool
    ) -> None:
        self.parts, self.words, self.keys = parts, words, keys
        self.k, self.g, self.v = len(parts.profiles), len(parts.questions), len(parts.variables)
        self.table = book.sheet(
            words("sheet.parameters"),
            (16, 46, 40, 15, 10, *[12.0] * max(self.k, self.g)),
            grey=True,
            hidden=hidden,
        )
        self.choices: list[Choice] = []
        self.settings: dict[str, str] = {}
        self._write_parameters()

    def _write_parameters(self) -> None:
        sheet, parts, words = self.table, self.parts, self.words
        sheet.text(1, 1, words("parameters.title"), "title")
        sheet.height(1, 30)
        sheet.text(2, 1, words("parameters.basis"), "basis")
        row = 4
        sheet.header(row, 1, words("parameters.profile"))
        sheet.header(row, 2, words("parameters.name"))
        sheet.header(row, 3, words("parameters.description"))
        sheet.header(row, 4, words("parameters.intercept"), "header_right")
        sheet.header(row, 5, "")
        for j, question in enumerate(parts.questions):
            sheet.header(row, 6 + j, question.name, "header_right")
        self.profiles = (row + 1, row + self.k)
        for i, profile in enumerate(parts.profiles):
            at = row + 1 + i
            name = profile.name if self.keys == "codes" else profile.public_name
            sheet.text(at, 1, profile.code)
            sheet.text(at, 2, name[words.language])
            text = profile.description[words.language] if profile.description else ""
            sheet.text(at, 3, text)
            sheet.number(at, 4, parts.intercept[i])
            for j in range(self.g):
                sheet.number(at, 6 + j, parts.means[i, j])
        row += self.k + 2
        sheet.text(row, 1, words("parameters.covariance"), "label_bold")
        self.covariance = (row + 1, row + self.g)
        for i in range(self.g):
            sheet.text(row + 1 + i, 1, parts.questions[i].name)
            for j in range(self.g):
                sheet.number(row + 1 + i, 6 + j, parts.covariance[i, j])
        row += self.g + 2
        sheet.text(row, 1, words("parameters.identity"), "label_bold")
        self.identity = (row + 1, row + self.g)
        for i in range(self.g):
            for j in range(self.g):
                sheet.number(row + 1 + i, 6 + j, float(i == j))
        row += self.g + 2
        for setting, value in (
            ("temperature", parts.temperature),
            ("needed", float(parts.needed)),
        ):
            sheet.text(row, 1, words(f"parameters.{setting}"))
            sheet.number(row, 4, value)
            self.settings[setting] = spot(row, 4, sheet.name)
            row += 1
        row += 1
        sheet.header(row, 1, words("parameters.question"))
        sheet.header(row, 2, words("parameters.filled"))
        sheet.header(row, 3, words("parameters.meaning"))
        sheet.header(row, 4, words("parameters.value"), "header_right")
        sheet.header(row, 5, words("parameters.no_answer"), "header_right")
        for i, profile in enumerate(parts.profiles):
            sheet.header(row, 6 + i, profile.code, "header_right")
        row += 1
        for question in parts.questions:
            row = self._write_choice(row, question.name, question.entries, None, question.number)
        for variable in parts.variables:
            row = self._write_choice(row, variable.code, variable.levels, variable.points, None)

    def _write_choice(
        self,
        row: int,
        code: str,
        entries: tuple[Entry, ...],
        points: np.ndarray | None,
        number: tuple[float, float] | None,
    ) -> int:
        """The rows of one question or variable; the row after them."""
        sheet, language = self.table, self.words.language
        first = row
        lines = self._keyed(entries, variable=points is not None)
        for key, place in lines:
            entry = entries[place] if place >= 0 else Entry("", self.words.unknown, None)
            sheet.text(row, 1, code)
            sheet.text(row, 2, key)
            sheet.text(row, 3, entry.label[language])
            sheet.number(row, 4, entry.value if entry.value is not None and points is None else 0)
            sheet.number(row, 5, float(entry.value is None))
            if points is not None:
                for i in range(self.k):
                    sheet.number(row, 6 + i, points[place, i] if place >= 0 else 0.0)
            row += 1
        at = None
        if number is not None:
            sheet.text(row, 1, code)
            sheet.text(row, 3, self.words("parameters.number"))
            sheet.number(row, 6, number[0])
            sheet.number(row, 7, number[1])
            at, row = row, row + 1
        # a drop-down offers labels of levels, if each can be chosen by one, and codes of answers
        offered = [i for i, (key, _) in enumerate(lines) if not key.startswith(".")]
        if points is not None and len(lines) == 2 * len(entries):
            offered = offered[len(entries) :]
        low, high = (first + offered[0], first + offered[-1]) if offered else (first, first)
        self.choices.append(Choice((first, first + len(lines) - 1), (low, high), at))
        return row

    def _keyed(self, entries: tuple[Entry, ...], *, variable: bool) -> list[tuple[str, int]]:
        """What may be filled in, and the place of its entry; -1: level not known."""
        labels = unique_labels(entries, self.words.language)
        if self.keys == "labels":
            told = [
                (label, i) for i, label in enumerate(labels) if not entries[i].code.startswith(".")
            ]
            return [*told, (self.words("answer.none"), -1)] if variable else told
        codes = [(entry.code, i) for i, entry in enumerate(entries)]
        if not variable:
            return codes
        taken = {entry.code for entry in entries}
        return [*codes, *((label, i) for i, label in enumerate(labels) if label not in taken)]

    def offered(self, place: int) -> str:
        """The cells of the drop-down list of question or variable `place`."""
        low, high = self.choices[place].offered
        return f"{quoted(self.table.name)}!$B${low}:$B${high}"

    @property
    def names(self) -> str:
        """The cells with the names of the profiles."""
        return block(self.profiles[0], 2, self.profiles[1], 2, self.table.name)

    @property
    def descriptions(self) -> str:
        """The cells with what is said of the profiles."""
        return block(self.profiles[0], 3, self.profiles[1], 3, self.table.name)

    @property
    def needed(self) -> str:
        """The cell with the number of answers that a label needs."""
        return self.settings["needed"]

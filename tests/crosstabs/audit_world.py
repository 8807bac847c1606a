"""Small published editions from counts of people who weigh the same, made without the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from flows.crosstabs.audit.opening import published_file
from flows.crosstabs.audit.published import LINE, PublishedFile


def text(word: str) -> dict[str, str]:
    return {"nl": word, "en": word}


@dataclass
class Edition:
    """Lines and codebook of an edition; `add` a table, `hide` cells, `file` it.

    `groups`: the columns besides the total, axis by axis.
    """

    groups: Mapping[str, Sequence[str]]
    wave: str = "w1"
    theme: str = "t"
    area: str = "NL"
    lines: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    n: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(
        self,
        number: str,
        counts: Mapping[str, Sequence[int]],
        *,
        codes: Sequence[str] = (),
        nets: Mapping[str, Sequence[str]] | None = None,
        scores: Sequence[float] | None = None,
        net_score: tuple[str, str] | None = None,
        unsure: Mapping[str, int] | None = None,
        base: Mapping[str, int] | None = None,
        **about: Any,
    ) -> Edition:
        """A table from the people per answer in every column (`counts`, total included).

        `base`: participants per column, for questions with more answers. `unsure`: people
        without an opinion.
        """
        codes = tuple(codes) or tuple(f"a{i + 1}" for i in range(len(counts["total"])))
        rows: list[dict[str, Any]] = [
            {"code": code, "kind": "answer", "label": text(f"answer {code}")}
            | ({"score": scores[i]} if scores else {})
            for i, code in enumerate(codes)
        ]
        for net, members in (nets or {}).items():
            rows.append(
                {"code": net, "kind": "net", "label": text(f"net {net}"), "members": list(members)}
            )
        if net_score:
            score = {"plus": net_score[0], "minus": net_score[1]}
            rows.append({"code": "nps", "kind": "score", "label": text("score")} | score)
        if scores:
            rows.append({"code": "mean", "kind": "mean", "label": text("mean")})
        if unsure:
            rows.append({"code": "dont_know", "kind": "dont_know", "label": text("unsure")})
        self.tables.append(
            {
                "number": number,
                "question": number,
                "item": None,
                "type": "multiple" if base else "single",
                "special": "none",
                "multiple": base is not None,
                "headline": None,
                "columns": list(counts),
                "text": text(f"Question {number} as it was asked"),
                "rows": rows,
            }
            | about
        )
        for column, people in counts.items():
            n = base[column] if base else sum(people)
            self.n[number, column] = n
            share = dict(zip(codes, people, strict=True))
            value: dict[str, float] = {code: share[code] / n for code in codes}
            for net, members in (nets or {}).items():
                value[net] = sum(share[code] for code in members) / n
            if net_score:
                value["nps"] = value[net_score[0]] - value[net_score[1]]
            if scores:
                value["mean"] = sum(s * p for s, p in zip(scores, people, strict=True)) / n
            if unsure:
                value["dont_know"] = unsure[column] / (n + unsure[column])
            for row in rows:
                self._line(number, row, column, value[row["code"]], n)
        return self

    def _line(self, number: str, row: Mapping[str, Any], column: str, value: float, n: int) -> None:
        kind, few = row["kind"], 0 < round(value * n) < 5
        bound = kind in ("answer", "net") and few
        printed = round(value, 1 if kind == "mean" else 2)
        about = self.tables[-1]
        self.lines.append(
            {
                "survey": "s",
                "wave": self.wave,
                "edition": "1",
                "theme": self.theme,
                "area": self.area,
                "table": number,
                "question": about["question"],
                "item": about["item"] or "",
                "answer": row["code"],
                "statistic": "share" if kind == "answer" else kind,
                "column": column,
                "basis": "measured",
                "value": "" if bound else f"{printed:g}",
                "low": "0" if bound else "",
                "high": f"{-(-400 // n) / 100:g}" if bound else "",
                "n": str(n),
                "n_eff": str(n),
                "verdict": "",
                "flag": "below" if bound else "indicative" if n < 50 else "",
            }
        )

    def hide(self, number: str, column: str, *codes: str) -> Edition:
        """Takes the lines of these rows (all, if none are named) out of the tidy table."""
        self.lines = [
            line
            for line in self.lines
            if (line["table"], line["column"]) != (number, column)
            or (codes and line["answer"] not in codes)
        ]
        return self

    def change(self, number: str, column: str, code: str, **fields: str) -> Edition:
        """Other fields for one line."""
        for line in self.lines:
            if (line["table"], line["column"], line["answer"]) == (number, column, code):
                line |= fields
        return self

    @property
    def book(self) -> dict[str, Any]:
        columns = [{"code": "total", "axis": "", "parts": [], "label": text("total")}]
        nests = []
        for axis, codes in self.groups.items():
            whole, _, inner = axis.partition(">")
            columns += [
                {"code": c, "axis": inner or axis, "parts": [], "label": text(f"group {c}")}
                for c in codes
            ]
            whole = whole if inner else "total"
            nests.append({"whole": whole, "axis": inner or axis, "parts": list(codes)})
        return {
            "format": 1,
            "role": "theme",
            "columns": columns,
            "nests": nests,
            "tables": self.tables,
            "publication": {},
            "weights": {"lowest": 1.0, "highest": 1.0},
            "rounding": {"mean": 0.1},
        }

    def file(self, name: str = "tables.csv", *, with_n: bool = True) -> PublishedFile:
        """The edition as read; `with_n`: a workbook prints every number of participants."""
        frame = pd.DataFrame(self.lines, columns=list(LINE))
        return published_file(name, frame, self.book, self.n if with_n else None)


def with_total(**counts: Sequence[int]) -> dict[str, list[int]]:
    """The counts of groups that divide everybody, and of all together."""
    return {k: list(v) for k, v in counts.items()} | {
        "total": [sum(each) for each in zip(*counts.values(), strict=True)]
    }

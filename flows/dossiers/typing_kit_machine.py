"""The formulas of a typing kit: from what somebody filled in to probabilities.

Only functions that Excel 2016 and LibreOffice both have, no macros. Codes are compared by
EXACT, since MATCH would read `*` and `?` as any code.

Missing answers are integrated out exactly. With m_j = 1 where question j is answered, the matrix
M = m m' * covariance + (1 - m) * identity is, but for the order of its rows, the covariance of
the answers given beside ones on a diagonal; with d = m * (z - mean), d' M^-1 d is the squared
distance by the answers given alone. Its determinant is the same for every profile, so it falls
out of the probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

from flows.dossiers.typing_kit_book import KitBook, block, spot
from flows.dossiers.typing_kit_parts import KitParts
from flows.dossiers.typing_kit_tables import Tables
from flows.dossiers.typing_kit_texts import KitWords

FIRST = 3


class Machine(Tables):
    """The sheets with parameters and with the computation, a row for each person."""

    def __init__(
        self, book: KitBook, parts: KitParts, words: KitWords, keys: str, *, hidden: bool
    ) -> None:
        super().__init__(book, parts, words, keys, hidden=hidden)
        g, v, k = self.g, self.v, self.k
        width = 2 * (g + v) + 2 * g + 3 * k + 5
        self.calc = book.sheet(
            words("sheet.calculation"), (12.0,) * width, grey=True, hidden=hidden
        )
        # columns of the computation
        self.text = 2
        self.bad = self.text + g + v
        self.mask = self.bad + g + v
        self.z = self.mask + g
        self.prior = self.z + g
        self.log = self.prior + k
        self.top = self.log + k
        self.sum = self.top + 1
        self.chance = self.sum + 1
        self.filled = self.chance + k
        self.wrong = self.filled + 1
        self.answered = self.wrong + 1
        self.heads = self._write_heads()

    def _write_heads(self) -> str:
        sheet, parts = self.calc, self.parts
        sheet.text(1, 1, self.words("calculation.basis"), "basis")
        codes = [q.name for q in parts.questions] + [v.code for v in parts.variables]
        profiles = [p.code for p in parts.profiles]
        for start, names in (
            (self.text, codes),
            (self.bad, codes),
            (self.mask, codes[: self.g]),
            (self.z, codes[: self.g]),
            (self.prior, profiles),
            (self.log, profiles),
            (self.top, ["max", "sum"]),
            (self.chance, profiles),
            (self.filled, [self.words(f"calculation.{n}") for n in ("filled", "bad", "answered")]),
        ):
            for i, name in enumerate(names):
                sheet.header(2, start + i, name)
        return block(2, self.bad, 2, self.bad + self.g + self.v - 1, sheet.name)

    def person(self, place: int, source: str, cells: list[str]) -> Person:
        """Compute row `place` (from 0) from the cells (g + V) somebody filled in."""
        row, sheet, table = FIRST + place, self.calc, self.table.name
        sheet.text(row, 1, source)
        for i, cell in enumerate(cells):
            choice = self.choices[i]
            keys = block(choice.rows[0], 2, choice.rows[1], 2, table)
            none = block(choice.rows[0], 5, choice.rows[1], 5, table)
            text = spot(row, self.text + i)
            sheet.formula(row, self.text + i, f'IFERROR(TRIM({cell}&""),"?")')
            known = f"SUMPRODUCT(--EXACT({keys},{text}))>0"
            if choice.number is not None:
                known = f"OR({known},ISNUMBER({cell}))"
            sheet.formula(row, self.bad + i, f'IF({text}="",0,IF({known},0,1))')
            if i >= self.g:
                continue
            if choice.number is not None:
                slope, shift = spot(choice.number, 6, table), spot(choice.number, 7, table)
                sheet.formula(row, self.mask + i, f"IF(ISNUMBER({cell}),1,0)")
                sheet.formula(row, self.z + i, f"IF(ISNUMBER({cell}),{cell}*{slope}-{shift},0)")
                continue
            values = block(choice.rows[0], 4, choice.rows[1], 4, table)
            sheet.formula(row, self.mask + i, f"SUMPRODUCT(EXACT({keys},{text})*(1-{none}))")
            sheet.formula(row, self.z + i, f"SUMPRODUCT(EXACT({keys},{text})*{values})")
        self._profiles(row)
        return Person(self, row)

    def _profiles(self, row: int) -> None:
        sheet, table, g, k = self.calc, self.table.name, self.g, self.k
        mask = block(row, self.mask, row, self.mask + g - 1)
        z = block(row, self.z, row, self.z + g - 1)
        covariance = block(self.covariance[0], 6, self.covariance[1], 5 + g, table)
        identity = block(self.identity[0], 6, self.identity[1], 5 + g, table)
        within = f"MMULT(TRANSPOSE({mask}),{mask})*{covariance}+(1-{mask})*{identity}"
        for i in range(k):
            parts = [spot(self.profiles[0] + i, 4, table)]
            for v in range(self.v):
                low, high = self.choices[g + v].rows
                keys = block(low, 2, high, 2, table)
                points = block(low, 6 + i, high, 6 + i, table)
                text = spot(row, self.text + g + v)
                parts.append(f"SUMPRODUCT(EXACT({keys},{text})*{points})")
            sheet.formula(row, self.prior + i, "+".join(parts))
            mean = block(self.profiles[0] + i, 6, self.profiles[0] + i, 5 + g, table)
            off = f"({mask}*({z}-{mean}))"
            square = f"SUM(MMULT({off},MINVERSE({within}))*{off})"
            prior = spot(row, self.prior + i)
            temperature = self.settings["temperature"]
            sheet.array(row, self.log + i, f"{prior}-{square}/(2*{temperature})")
        logs = block(row, self.log, row, self.log + k - 1)
        top = spot(row, self.top)
        sheet.formula(row, self.top, f"MAX({logs})")
        sheet.formula(row, self.sum, f"SUMPRODUCT(EXP({logs}-{top}))")
        for i in range(k):
            chance = f"EXP({spot(row, self.log + i)}-{top})/{spot(row, self.sum)}"
            sheet.formula(row, self.chance + i, chance)
        texts = block(row, self.text, row, self.text + g + self.v - 1)
        bad = block(row, self.bad, row, self.bad + g + self.v - 1)
        sheet.formula(row, self.filled, f'SUMPRODUCT(--({texts}<>""))')
        sheet.formula(row, self.wrong, f"SUM({bad})")
        sheet.formula(row, self.answered, f"SUM({mask})")


@dataclass(frozen=True, eq=False)
class Person:
    """The cells of one computed row, as other sheets name them."""

    machine: Machine
    row: int

    def _at(self, column: int) -> str:
        return spot(self.row, column, self.machine.calc.name)

    def chance(self, profile: int) -> str:
        """Probability of profile `profile`."""
        return self._at(self.machine.chance + profile)

    @property
    def chances(self) -> str:
        """All probabilities."""
        m = self.machine
        return block(self.row, m.chance, self.row, m.chance + m.k - 1, m.calc.name)

    @property
    def filled(self) -> str:
        """Number of cells filled in."""
        return self._at(self.machine.filled)

    @property
    def wrong(self) -> str:
        """Number of cells that hold no known code."""
        return self._at(self.machine.wrong)

    @property
    def answered(self) -> str:
        """Number of golden questions answered."""
        return self._at(self.machine.answered)

    @property
    def first_wrong(self) -> str:
        """The name of the first question with an unknown code, as an expression."""
        m = self.machine
        bad = block(self.row, m.bad, self.row, m.bad + m.g + m.v - 1, m.calc.name)
        return f"INDEX({m.heads},1,MATCH(1,{bad},0))"

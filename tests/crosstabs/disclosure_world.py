"""Random editions, and an attack on what is published of them, written apart from the product.

The attack knows the size of every group, weighted too, and reads the published figures. Its
unknowns are the weights of people by all variables at once, so that nested columns, filters and
totals need no rules of their own: every figure is a statement about sums of these.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from crosstab_world import question
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from flows.crosstabs.banner import Banner, BannerAxis, Column, axis_of_column, column_code
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.tables import Flag, PublishedTable, Table
from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Missing, Net, Option, Score
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Base, QuestionType

ANSWERS = ("a1", "a2", "a3", "a4")
NETS = {"top": ("a1", "a2"), "low": ("a3", "a4"), "most": ("a1", "a2", "a3")}
LEVELS = {"profile": ("p0", "p1", "p2"), "age": ("x", "y"), "sex": ("m", "v")}


def asked(table: Table, **more) -> Table:
    """The table with `base` or `filter` in its identity."""
    return replace(table, identity=replace(table.identity, **more))


def people(n: int, seed: int, skew: float = 1.0, unplaced: float = 0.0) -> pd.DataFrame:
    """Answers of n people to one question with their weight, profile, age and sex."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: rng.choice(codes, n, p=_shares(len(codes), skew)) for name, codes in LEVELS.items()}
    ).astype(object)
    frame.loc[rng.random(n) < unplaced, "profile"] = None
    shares = rng.dirichlet(np.full(len(ANSWERS), 0.8), 3)
    place = frame["profile"].map({code: i for i, code in enumerate(LEVELS["profile"])}).fillna(0)
    drawn = [rng.choice(ANSWERS, p=shares[int(i)]) for i in place]
    frame["Q"] = np.where(rng.random(n) < 0.05, Missing.DONT_KNOW.code, drawn)
    follow = rng.choice(("ja", "nee"), n, p=[0.3, 0.7])
    frame["R"] = np.where(frame["Q"] == "a1", follow, Missing.NOT_ASKED.code)
    frame["weight"] = np.exp(rng.normal(0, 0.3, n))
    return frame


def _shares(k: int, skew: float) -> np.ndarray:
    shares = np.exp(-skew * np.arange(k))
    return shares / shares.sum()


def banner(frame: pd.DataFrame, axes: tuple[tuple[str, ...], ...]) -> Banner:
    made = []
    for names in axes:
        codes, columns = np.full(len(frame), -1), []
        combinations = [()]
        for name in names:
            combinations = [(*c, (name, level)) for c in combinations for level in LEVELS[name]]
        for i, parts in enumerate(combinations):
            inside = np.logical_and.reduce([frame[name] == level for name, level in parts])
            codes[inside] = i
            code = column_code(parts)
            columns.append(Column(code, "*".join(names), Text(nl=code, en=code), parts))
        label = Text(nl="x", en="x")
        made.append(BannerAxis("*".join(names), label, tuple(columns), codes))
    return Banner(tuple(made))


def questionnaire(special: str = "none") -> Questionnaire:
    options = tuple(Option(code=c, nl=c, value=i + 1) for i, c in enumerate(ANSWERS))
    unsure = Option(code="9", nl="weet niet", missing=Missing.DONT_KNOW)
    return Questionnaire(
        questions=(
            question(
                "Q",
                QuestionType.SINGLE,
                options=(*options, unsure),
                nets=tuple(Net(code=k, nl=k, options=v) for k, v in NETS.items()),
                scores=(Score(code="saldo", nl="saldo", plus="top", minus="low"),),
                statistics=("mean",),
                mean=True,
                special=special,
            ),
            question(
                "R",
                QuestionType.SINGLE,
                options=(Option(code="ja", nl="ja"), Option(code="nee", nl="nee")),
                base=Base(question="Q", options=("a1",), nl="wie a1 zei"),
            ),
        )
    )


def edition(
    frame: pd.DataFrame,
    axes: tuple[tuple[str, ...], ...] = (("profile",),),
    only: str | None = None,
    follow: bool = False,
    special: str = "none",
) -> list[Table]:
    """The tables of Q by `axes`; `only`: also those of one sex; `follow`: of R too."""
    survey = questionnaire(special)
    answers = pd.DataFrame(
        {
            "Q": pd.Categorical(frame["Q"], categories=[*ANSWERS, *MISSING_CODES]),
            "R": pd.Categorical(frame["R"], categories=["ja", "nee", *MISSING_CODES]),
        }
    )
    columns = banner(frame, axes)
    tables = list(crosstab(answers, survey, ["Q"], columns, frame["weight"]))
    if only:
        inside = (frame["sex"] == only).to_numpy()
        part = crosstab(answers, survey, ["Q"], columns, frame["weight"], domain=inside)
        tables += [asked(t, filter=(("sex", (only,)),)) for t in part]
    if follow:
        base = survey.question("R").base
        tables += [
            asked(t, base=base) for t in crosstab(answers, survey, ["R"], columns, frame["weight"])
        ]
    return tables


def in_column(frame: pd.DataFrame, table: PublishedTable | Table, column: str) -> np.ndarray:
    """Who stands in a column of a table (n), counted from the answers themselves."""
    inside = np.ones(len(frame), dtype=bool)
    for name, levels in getattr(table.identity, "filter", ()):
        inside &= frame[name].isin(levels).to_numpy()
    if axis_of_column(column):
        for part in column.split("*"):
            name, _, level = part.rpartition(":")
            inside &= (frame[name or "profile"] == level).to_numpy()
    return inside


class Attack:
    """All that a reader can put together about question Q from published tables."""

    def __init__(self, frame: pd.DataFrame, tables: list[PublishedTable]) -> None:
        kept = frame[frame["Q"].isin(ANSWERS)].reset_index(drop=True)
        kept = kept.assign(profile=kept["profile"].fillna("-"))
        kept["weight"] /= kept["weight"].sum()
        self.frame = kept
        names = list(LEVELS)
        self.cells = kept.groupby([*names, "Q"], observed=True).size().index.to_frame(index=False)
        # Combinations that nobody is in are possible to a reader who does not know better.
        grid = pd.MultiIndex.from_product(
            [[*LEVELS["profile"], "-"], LEVELS["age"], LEVELS["sex"], ANSWERS], names=[*names, "Q"]
        ).to_frame(index=False)
        self.cells = grid
        self.rows: list[np.ndarray] = []
        self.most: list[float] = []
        self.equal: list[np.ndarray] = []
        self.exact: list[float] = []
        self.found: list[np.ndarray] = []
        for table in tables:
            if table.identity.question == "Q":
                for column in table.columns:
                    self._size(table, column)
        for table in tables:
            for c, column in enumerate(table.columns):
                if table.identity.question == "Q":
                    self._read(table, c, column)
                elif table.n[c] is not None:
                    # The number who were asked R is the number who said a1.
                    inside = self._who(table, column) & (self.cells["Q"] == "a1").to_numpy()
                    real = in_column(kept, table, column) & (kept["Q"] == "a1").to_numpy()
                    self._equals(inside.astype(float), float(kept["weight"][real].sum()))

    def _who(self, table: PublishedTable, column: str) -> np.ndarray:
        return in_column(self.cells, table, column)

    def _size(self, table: PublishedTable, column: str) -> None:
        weight = float(self.frame["weight"][in_column(self.frame, table, column)].sum())
        self._equals(self._who(table, column).astype(float), weight)

    def _equals(self, vector: np.ndarray, value: float) -> None:
        self.equal.append(vector)
        self.exact.append(value)

    def _between(self, vector: np.ndarray, low: float, high: float) -> None:
        self.rows += [vector, -vector]
        self.most += [high + 1e-9, -low + 1e-9]

    def _read(self, table: PublishedTable, c: int, column: str) -> None:
        who = self._who(table, column).astype(float)
        weight = float(self.frame["weight"][in_column(self.frame, table, column)].sum())
        if not weight:
            return
        answers = self.cells["Q"].to_numpy()
        for row, line in zip(table.rows, table.cells, strict=True):
            cell = line[c]
            if cell.flag is Flag.BELOW:
                low, high = 0.0, cell.bound
            elif cell.shown:
                half = 0.05 if row.kind == "mean" else 0.005
                low, high = cell.value - half, cell.value + half
            else:
                continue
            if row.kind == "mean":
                factors = np.array([ANSWERS.index(a) + 1.0 for a in answers])
            elif row.kind == "score":
                signs = dict.fromkeys(NETS["top"], 1.0) | dict.fromkeys(NETS["low"], -1.0)
                factors = np.array([signs[a] for a in answers])
            else:
                factors = np.isin(answers, row.members or (row.code,)).astype(float)
            self._between(who * factors, low * weight, high * weight)

    @cached_property
    def program(self) -> dict:
        """All that was read, as a linear programme takes it."""
        return {
            "A_ub": csr_matrix(np.array(self.rows)) if self.rows else None,
            "b_ub": self.most or None,
            "A_eq": csr_matrix(np.array(self.equal)),
            "b_eq": self.exact,
            "bounds": (0.0, None),
        }

    def goal(self, who: np.ndarray, answers: tuple[str, ...], weight: float) -> np.ndarray:
        """The share of some answers among cells `who` of this weight, as factors of all cells."""
        return who * self.cells["Q"].isin(answers).to_numpy() / weight

    def bounds(self, who: np.ndarray, answers: tuple[str, ...], weight: float):
        """Lowest and highest share of some answers among cells `who` of this weight."""
        return self.ends(self.goal(who, answers, weight))

    def ends(self, goal: np.ndarray) -> tuple[float, float]:
        ends = []
        for sign in (1.0, -1.0):
            found = linprog(sign * goal, method="highs", **self.program)
            assert found.status == 0, "what is published contradicts itself"
            ends.append(sign * found.fun)
            self.found.append(found.x)
        return ends[0], ends[1]

    def solved(self, table: PublishedTable, special: bool = False) -> list[tuple[str, str, float]]:
        """Rows of Q that are hidden, or may not be shown by the rules of size, and are known.

        With their column and the range that is left.
        """
        found = []
        for c, column in enumerate(table.columns):
            inside = in_column(self.frame, table, column)
            n = int(inside.sum())
            weight = float(self.frame["weight"][inside].sum())
            for row, line in zip(table.rows, table.cells, strict=True):
                if not n or row.kind not in ("answer", "net"):
                    continue
                answers = row.members or (row.code,)
                said = inside & self.frame["Q"].isin(answers).to_numpy()
                share = float(self.frame["weight"][said].sum()) / weight
                small = n < 100 and 1 <= said.sum() <= 4
                extreme = special and n < 100 and (share < 0.005 or share >= 0.995)
                if not (n < 30 or small or extreme or line[c].flag is Flag.PROTECTED):
                    continue
                goal = self.goal(self._who(table, column).astype(float), answers, weight)
                need = max(0.10, min(3 / n, 0.9))
                # Two solutions that lie far apart need no programme more.
                seen = np.array(self.found) @ goal if self.found else np.zeros(1)
                if np.ptp(seen) > need:
                    continue
                low, high = self.ends(goal)
                if high - low <= need:
                    found.append((column, row.code, high - low))
        return found

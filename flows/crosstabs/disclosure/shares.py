"""The unknown shares behind the tables of one question, and how table rows are made of them.

The unknowns are the shares of its answers in every column, and in the rests that columns leave
of a whole. A rest is a group that nobody named; still it is found by subtraction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from flows.crosstabs.disclosure.knowledge import Knowledge
from flows.crosstabs.disclosure.people import EVERYBODY, Group, divisions, inside
from flows.crosstabs.disclosure.placed import EarlierFigures, Placed
from flows.crosstabs.tables import Floats, Row

_TOLERANCE = 1e-9

Sum = tuple[list[int], list[float], float]
"""Places of unknowns, their factors, and what the sum is at most."""


@dataclass(eq=False)
class People:
    """One group: where its unknowns begin, and who is in it."""

    group: Group
    n: int
    weight: float
    shares: Floats
    counts: Floats
    start: int = -1


class Shares:
    """All groups of people that tables of one question are about, with their unknowns.

    `people`: the columns; `rests`: (whole, rest, parts); `whole`: (whole, parts) without a rest;
    `before`: earlier figures with the people of then and those who came or went since.
    """

    def __init__(self, tables: Sequence[Placed], earlier: Sequence[EarlierFigures]) -> None:
        self.tables = tables
        self.people: dict[Group, People] = {}
        self.rests: list[tuple[People, People, list[People]]] = []
        self.whole: list[tuple[People, list[People]]] = []
        self.before: list[tuple[EarlierFigures, People, People]] = []
        first = tables[0].table
        self.multiple = first.identity.multiple
        self.rows = {f"{row.kind}:{row.code}": row for row in first.rows}
        self.answers = [row for row in first.rows if row.kind == "answer"]
        self.scored = [row for row in self.answers if row.score is not None]
        means = [] if self.scored else [row for row in first.rows if row.kind == "mean"]
        self.apart = [row for row in first.rows if row.kind == "net" and not row.members]
        nets = [row for row in first.rows if row.kind == "net" and (row.members and self.multiple)]
        self.atoms = [f"{row.kind}:{row.code}" for row in (*self.answers, *nets, *self.apart)]
        self.free = len(self.atoms)
        self.atoms += [f"mean:{row.code}" for row in means]
        self.at = {atom: i for i, atom in enumerate(self.atoms)}
        for placed in tables:
            self._meet(placed)
        self._divide()
        for figures in earlier:
            self._remember(figures)

        everyone = [*self.people.values(), *(rest for _, rest, _ in self.rests)]
        self.everyone = [*everyone, *(p for _, *both in self.before for p in both)]
        for i, each in enumerate(self.everyone):
            each.start = i * len(self.atoms)
        self.largest = max((each.weight for each in self.everyone), default=1.0)

    def knowledge(self) -> Knowledge:
        """What holds whatever is shown."""
        bound = np.zeros(len(self.atoms))
        bound[self.free :] = np.inf
        knowledge = Knowledge(
            np.concatenate([each.shares for each in self.everyone]),
            np.tile(-bound, len(self.everyone)),
            np.tile(np.maximum(bound, 1.0), len(self.everyone)),
        )
        for each in self.everyone:
            self._holds(knowledge, each)
        for whole, parts in self.whole:
            self._mixed(knowledge, whole, parts)
        for whole, rest, parts in self.rests:
            self._mixed(knowledge, whole, [*parts, rest])
        return knowledge

    def _meet(self, placed: Placed) -> None:
        table = placed.table
        at = {f"{row.kind}:{row.code}": r for r, row in enumerate(table.rows)}
        rows = [at[atom] for atom in self.atoms]
        for c, group in enumerate(placed.groups):
            if table.n[c] > 0 and group not in self.people:
                self.people[group] = People(
                    group, int(table.n[c]), float(table.weighted_base[c]),
                    np.nan_to_num(table.estimate[rows, c]),
                    table.count[rows, c].astype(np.float64),
                )  # fmt: skip

    def _divide(self) -> None:
        """Which groups make up which, and who is left over."""
        known = list(self.people.values())
        left: list[tuple[Group, frozenset[Group], People]] = []
        for division in divisions(tuple(self.people)):
            whole, parts = known[division.whole], [known[p] for p in division.parts]
            rest = self._left(whole, parts)
            if rest is not None:
                levels = frozenset(part.group - whole.group for part in parts)
                left.append((whole.group, levels, rest))
        # Who is in no column of a part is in no column of the whole either.
        for whole_group, levels, rest in left:
            for part_group, same, part in left:
                if same == levels and part_group != whole_group and inside(part_group, whole_group):
                    self._left(rest, [part])

    def _left(self, whole: People, parts: list[People]) -> People | None:
        """Take in that a group is made up of others and a rest, which is returned."""
        n = whole.n - sum(part.n for part in parts)
        weight = whole.weight - sum(part.weight for part in parts)
        if n < 0 or weight < -1e-6 * whole.weight:
            return None  # no real division: people counted twice
        if n == 0:
            self.whole.append((whole, parts))
            return None
        weight = max(weight, _TOLERANCE)
        sums = whole.shares * whole.weight - sum(part.shares * part.weight for part in parts)
        shares = sums / weight
        shares[: self.free] = np.clip(shares[: self.free], 0.0, 1.0)
        counts = whole.counts - sum((part.counts for part in parts), np.zeros(len(self.atoms)))
        rest = People(whole.group, n, weight, shares, counts)
        self.rests.append((whole, rest, parts))
        return rest

    def _remember(self, figures: EarlierFigures) -> None:
        """Unknowns for what an earlier file tells of a group that has changed since."""
        now = self.people.get(figures.group)
        if now is None or now.n == figures.n or not self.free:
            return
        n = abs(now.n - figures.n)
        shares = self._earlier_shares(figures, now)
        if shares is not None:
            then = People(figures.group, figures.n, now.weight, shares[0], now.counts)
            since = People(EVERYBODY, n, now.weight, shares[1], now.counts)
            self.before.append((figures, then, since))

    def _earlier_shares(self, figures: EarlierFigures, now: People) -> tuple[Floats, Floats] | None:
        """Shares of then, and of those who came or went, that best fit what is told."""
        from scipy.optimize import linprog

        a, n = len(self.atoms), now.n - figures.n
        told = [says for row, *ends in figures.figures for says in self.row_says(row, 0, *ends)]
        upper = np.zeros((len(told), 2 * a + len(told)))
        for i, (places, factors, _) in enumerate(told):
            upper[i, places] = factors
            upper[i, 2 * a + i] = -1.0
        unit, none = np.eye(a), np.zeros((a, len(told)))
        # Now are those of then with those who came; or then were those of now and who left.
        equal = [np.hstack([figures.n / now.n * unit, n / now.n * unit, none])]
        value = [now.shares]
        if self.answers and not self.multiple:
            ones = np.zeros((1, 2 * a + len(told)))
            ones[0, [self.at[f"answer:{row.code}"] for row in self.answers]] = 1.0
            equal.append(ones)
            value.append(np.ones(1))
        end = [(0.0, 1.0)] * self.free + [(None, None)] * (a - self.free)
        found = linprog(
            np.append(np.zeros(2 * a), np.ones(len(told))), A_ub=upper,
            b_ub=[most for *_, most in told], A_eq=np.vstack(equal), b_eq=np.concatenate(value),
            bounds=[*end, *end, *[(0.0, None)] * len(told)], method="highs",
        )  # fmt: skip
        return (found.x[:a], found.x[a : 2 * a]) if found.status == 0 else None

    def _holds(self, knowledge: Knowledge, each: People) -> None:
        """The answers of a group add up to 100%; people count once in a net."""
        if not self.multiple:
            first = [each.start + self.at[f"answer:{row.code}"] for row in self.answers]
            ranked = [each.start + self.at[f"net:{row.code}"] for row in self.apart]
            means = [each.start + a for a in range(self.free, len(self.atoms))]
            # Of a ranking the places add up: those among the first so many, and their means.
            for places in (first, ranked, means if len(means) > 1 else []):
                if places:
                    knowledge.equal(places, [1.0] * len(places), 1.0)
            if len(ranked) == len(first):
                for pair in zip(first, ranked, strict=True):
                    knowledge.at_most(pair, [1.0, -1.0], 0.0)
            return
        nets = [row for row in self.rows.values() if row.kind == "net" and row.members]
        for net in nets:
            place = each.start + self.at[f"net:{net.code}"]
            members = [each.start + self.at[f"answer:{code}"] for code in net.members]
            for member in members:
                knowledge.at_most([member, place], [1.0, -1.0], 0.0)
            knowledge.at_most([place, *members], [1.0] + [-1.0] * len(members), 0.0)
            for other in nets:
                if set(net.members) < set(other.members):
                    larger = each.start + self.at[f"net:{other.code}"]
                    knowledge.at_most([place, larger], [1.0, -1.0], 0.0)

    def _mixed(self, knowledge: Knowledge, whole: People, parts: Sequence[People]) -> None:
        """A group's share is the mean of its parts', by their weights, which a reader knows."""
        factors = [-1.0, *(part.weight / whole.weight for part in parts)]
        for a in range(len(self.atoms)):
            knowledge.equal([whole.start + a, *(part.start + a for part in parts)], factors, 0.0)

    def says(self, placed: Placed, r: int, c: int, each: People) -> Iterator[Sum]:
        """What a shown cell says: sums of unknowns that are at most something."""
        row = placed.table.rows[r]
        low, high = float(placed.sized.low[r, c]), float(placed.sized.high[r, c])
        if row.kind in ("median", "sd"):
            yield from self._spread_says(placed, r, c, each, low, high)
        else:
            yield from self.row_says(row, each.start, low, high)

    def row_says(self, row: Row, start: int, low: float, high: float) -> Iterator[Sum]:
        """A row of unknowns from `start` on lies between `low` and `high`."""
        if row.kind == "mean" and self.scored:
            places = [start + self.at[f"answer:{row.code}"] for row in self.scored]
            scores = [float(row.score or 0.0) for row in self.scored]
            yield places, [low - score for score in scores], 0.0
            yield places, [score - high for score in scores], 0.0
            return
        made = self.made_of(row)
        if made is not None:
            places, factors = [start + a for a in made], list(made.values())
            yield places, factors, high
            yield places, [-factor for factor in factors], -low

    def made_of(self, row: Row) -> dict[int, float] | None:
        """A row as a sum of atoms; None where it is no such sum, or of other tables."""
        name = f"{row.kind}:{row.code}"
        if name in self.at:
            return {self.at[name]: 1.0}
        if row.kind == "net":
            return {self.at[f"answer:{code}"]: 1.0 for code in row.members}
        if row.kind in ("score", "effect") and len(row.members) == 2:
            result: dict[int, float] = {}
            for sign, code in zip((1.0, -1.0), row.members, strict=True):
                found = (self.rows.get(f"{kind}:{code}") for kind in ("net", "answer", "mean"))
                part = next((row for row in found if row is not None), None)
                made = self.made_of(part) if part else None
                if made is None:
                    return None
                for place, factor in made.items():
                    result[place] = result.get(place, 0.0) + sign * factor
            return result
        return None

    def _spread_says(
        self, placed: Placed, r: int, c: int, each: People, low: float, high: float
    ) -> Iterator[Sum]:
        """A median divides the scores; a deviation and a mean together bound their squares."""
        if not self.scored:
            return
        places = [each.start + self.at[f"answer:{row.code}"] for row in self.scored]
        scores = [float(row.score or 0.0) for row in self.scored]
        table = placed.table
        if table.rows[r].kind == "median":
            yield places, [float(score < low) - 0.5 for score in scores], 0.0
            yield places, [float(score > high) - 0.5 for score in scores], 0.0
            return
        mean = next((m for m, row in enumerate(table.rows) if row.kind == "mean"), None)
        if mean is None:
            # The mean square about any point is at least the variance.
            for centre in scores:
                yield places, [max(low, 0.0) ** 2 - (score - centre) ** 2 for score in scores], 0.0
            return
        ends = float(placed.sized.low[mean, c]), float(placed.sized.high[mean, c])
        most = high**2 + max(ends[0] ** 2, ends[1] ** 2)
        least = max(low, 0.0) ** 2 * (each.n - 1) / max(each.n, 1)
        least += 0.0 if ends[0] <= 0.0 <= ends[1] else min(ends[0] ** 2, ends[1] ** 2)
        yield places, [score**2 - most for score in scores], 0.0
        yield places, [least - score**2 for score in scores], 0.0

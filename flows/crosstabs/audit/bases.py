"""How much weight a column's people carry: what a reader can know of it from the edition.

The number of participants of a column is printed; the mean weight of its people is not. But
every shown row of every table says `total = sum of (share of the people x mean weight x share)`,
and the printed profile sizes say it once more. Put together (a regression with a prior of
`PRIOR` around 1) they give the mean weights to within about a per cent, so the auditor takes
them as known that well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from flows.crosstabs.audit.published import SHARE_KINDS, TOTAL, BookTable, Nest, PublishedFile

PRIOR = 0.25
"""Standard deviation of a column's mean weight before anything is read."""

ROUNDED = 0.01 / np.sqrt(12)
"""Standard deviation of the rounding of a whole per cent."""

WIDE = 3.0
"""Standard deviations taken on either side."""

LEAST_SPREAD, MOST_SUBSET = 0.005, 0.10
"""Room that is always given to the mean weight of those who were asked, and at most."""

KNOWN = 0.03
"""The reader is taken to know a mean weight at least this well, as a part of it, from whatever
source (the shares of ages and schooling in the population are public), unless the printed
numbers contradict that."""


ANY = (0.3, 3.0)
"""Mean weight of people of whom nothing is known, such as those in no column."""


@dataclass(frozen=True)
class Weighing:
    """Mean weight of a column's people, everybody's being 1, with its standard error.

    `spread`: coefficient of variation of the weights in it. `n`: its most participants.
    """

    mean: float
    error: float
    spread: float
    n: int

    def mean_weight(self, slack: float) -> tuple[float, float]:
        """Between which its mean weight lies. `slack`: factor on what a reader knows less well."""
        room = min(WIDE * self.error / self.mean, KNOWN * slack)
        return max(self.mean * (1 - room), 0.0), self.mean * (1 + room)

    def of_part(self, n: int, slack: float) -> tuple[float, float]:
        """Between which parts of its mean weight that of `n` of its people lies.

        They are chosen by being asked. A part f of people whose weights vary by `spread` has a
        mean weight within `spread sqrt((1 - f) / f)` of theirs (Cauchy-Schwarz); at most
        `MOST_SUBSET` is taken.
        """
        f = min(max(n / self.n, 1e-6), 1.0)
        part = min(self.spread * float(np.sqrt((1 - f) / f)), MOST_SUBSET)
        room = (LEAST_SPREAD + part) * slack
        return max(1 - room, 0.0), 1 + room

    @property
    def known(self) -> bool:
        """Whether anything is known of it."""
        return self.n > 0


UNKNOWN = Weighing(1.0, 1.0, 0.5, 0)


def weighings(file: PublishedFile) -> dict[str, Weighing]:
    """The mean weight of every column of which a number of participants is known."""
    found = {TOTAL: _weighing(file, TOTAL, 1.0, 0.0)}
    for nest in file.nests:
        if nest.whole != TOTAL:
            continue
        parts = tuple(c for c in nest.parts if _most(file, c))
        if not parts:
            continue
        mean, error = _regression(file, parts)
        for place, code in enumerate(parts):
            found.setdefault(code, _weighing(file, code, mean[place], error[place]))
    return found


def _weighing(file: PublishedFile, column: str, mean: float, error: float) -> Weighing:
    return Weighing(max(mean, 0.1), error, _spread(file, column), _most(file, column))


def _most(file: PublishedFile, column: str) -> int:
    return max((file.n.get((table, column), 0) for table in file.tables), default=0)


def _spread(file: PublishedFile, column: str) -> float:
    """Coefficient of variation of the weights, from printed n and n_eff (Kish); .5 if unknown."""
    found = [
        np.sqrt(max(figure.n / figure.n_eff - 1, 0.0))
        for (_, _, code), figure in file.figures.items()
        if code == column and figure.n and figure.n_eff
    ]
    return float(max(found)) if found else 0.5


def _regression(file: PublishedFile, parts: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """Mean weights of the columns and their standard errors (see the module)."""
    lines, right = [], []
    most = _most(file, TOTAL)
    for table in file.tables.values():
        n = [file.n.get((table.number, code)) for code in parts]
        whole = file.n.get((table.number, TOTAL))
        if None in n or not whole or whole < 0.8 * most or sum(map(int, n)) < 0.99 * whole:  # type: ignore[arg-type]
            continue
        part = np.array(n, dtype=np.float64) / whole
        for shares, total in _shown(file, table, parts):
            error = ROUNDED * np.sqrt(1 + (part**2).sum()) + 0.001
            lines.append(part * shares / error)
            right.append(total / error)
        lines.append(part / 0.002)
        right.append(1 / 0.002)
        known = [(i, file.sizes[c]) for i, c in enumerate(parts) if c in file.sizes]
        for place, size in known:
            line = np.zeros(len(parts))
            line[place] = part[place]
            lines.append(line / ROUNDED / np.sqrt(len(file.tables)))
            right.append(size / ROUNDED / np.sqrt(len(file.tables)))
    size = len(parts)
    precision = np.eye(size) / PRIOR**2
    projected = np.ones(size) / PRIOR**2
    if lines:
        x, y = np.array(lines), np.array(right)
        precision += x.T @ x
        projected += x.T @ y
    covariance = np.linalg.inv(precision)
    mean = covariance @ projected
    return mean.tolist(), np.sqrt(np.diag(covariance)).tolist()


def _shown(
    file: PublishedFile, table: BookTable, parts: tuple[str, ...]
) -> list[tuple[np.ndarray, float]]:  # type: ignore[type-arg]
    found = []
    for row in table.rows:
        if row.kind not in SHARE_KINDS[:2]:
            continue
        figures = [file.figure(table.number, row.key, code) for code in (*parts, TOTAL)]
        values = [f.value for f in figures if f is not None and f.value is not None]
        if len(values) == len(figures):
            found.append((np.array(values[:-1]), values[-1]))
    return found


def known_n(file: PublishedFile, table: BookTable, nest: Nest) -> Mapping[str, int]:
    """Numbers of participants of columns that divide others; a single unknown one follows."""
    n = {c: file.n[table.number, c] for c in nest.parts if (table.number, c) in file.n}
    whole = file.n.get((table.number, nest.whole))
    missing = [code for code in nest.parts if code not in n]
    if whole is not None and len(missing) == 1 and nobody_left(file, table, nest):
        n[missing[0]] = max(whole - sum(n.values()), 0)
    return n


def nobody_left(file: PublishedFile, table: BookTable, nest: Nest) -> bool:
    """Whether everybody of a column is in one of its parts.

    Its numbers of participants say so; where one of these is hidden, those of other tables do.
    """
    left = _left(file, table.number, nest)
    if left is not None:
        return left <= 0
    others = [_left(file, number, nest) for number in file.tables]
    told = [each for each in others if each is not None]
    return bool(told) and max(told) <= 0


def _left(file: PublishedFile, number: str, nest: Nest) -> int | None:
    whole = file.n.get((number, nest.whole))
    parts = [file.n.get((number, code)) for code in nest.parts]
    if whole is None or None in parts:
        return None
    return whole - sum(n for n in parts if n is not None)

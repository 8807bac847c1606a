"""The rules of size: which cells are hidden by themselves, and what the others tell a reader.

Design section 7: too few people, answers of a few persons, special questions; and the
rounding of what is shown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.rounding import one_decimal, whole_percent
from flows.crosstabs.tables import SHARES, Floats, RowKind, Table
from flows.definitions.dossier_plan import Publication

Bools = NDArray[np.bool_]

SOLVED_POINTS = 0.10
SOLVED_PEOPLE = 3.0
SOLVED_DEVIATIONS = 0.2
"""A hidden number is solved when it is bounded within this part of its standard deviation."""

_NO_BASE_IS_ENOUGH = 1_000_000_000

IN_UNITS: frozenset[RowKind] = frozenset({"mean", "median", "sd"})
"""Kinds of rows in units of their scale, with one decimal; all others are in whole points."""


class Rule(StrEnum):
    """Why a number is hidden."""

    TOO_FEW = "too_few"
    SMALL = "small_answer"
    SPECIAL = "special"
    COMPLEMENT = "complement"
    EARLIER = "earlier"


@dataclass(frozen=True, eq=False)
class ColumnSizes:
    """What the size of each column's base allows (C)."""

    empty: Bools
    too_few: Bools
    indicative: Bools

    @classmethod
    def of(cls, table: Table, publication: Publication) -> ColumnSizes:
        n = table.n
        too_few = n < publication.minimum_base
        weak = (n < publication.indicative_base) | (table.n_eff < publication.minimum_effective)
        return cls(empty=n == 0, too_few=too_few, indicative=weak & ~too_few)


@dataclass(frozen=True, eq=False)
class Sized:
    """A table under the rules of size (R, C).

    `below`: the bound of what is shown as "less than", else NaN. `rules`: why a cell is hidden
    by itself, None where it is not. `low`, `high`: what a shown cell tells a reader.
    `dont_know`: the same for that row (C).
    """

    table: Table
    columns: ColumnSizes
    below: Floats
    rules: tuple[tuple[Rule | None, ...], ...]
    low: Floats
    high: Floats
    dont_know: DontKnow


@dataclass(frozen=True, eq=False)
class DontKnow:
    """The row of those without an opinion, as shares of all who were asked (C)."""

    below: Floats
    rules: tuple[Rule | None, ...]
    low: Floats
    high: Floats


def size_rules(
    table: Table,
    publication: Publication,
    local: Bools | None = None,
    special: Bools | None = None,
) -> Sized:
    """What the rules of size say of every cell of a table.

    `local`, `special` (C): which columns take more care (`Care.columns`); without them none is
    local, and all are special where the question is.
    """
    columns = ColumnSizes.of(table, publication)
    is_share = np.array([row.kind in SHARES for row in table.rows], dtype=bool)[:, None]
    if special is None:
        special = np.full(len(table.columns), table.identity.special != "none")
    least = np.full(len(table.columns), publication.small_base)
    if local is not None:
        least[local] = _NO_BASE_IS_ENOUGH
    below = _below(table.estimate, table.count, table.n, publication, least, is_share)
    few = columns.too_few
    rules = _rules(table.estimate, table.count, table.n, few, publication, least, is_share, special)
    low, high = _readings(table, below)
    count, asked = table.dont_know_count[None], table.asked
    share = table.dont_know[None]
    yes = np.ones((1, 1), dtype=bool)
    unsure = _below(share, count, asked, publication, least, yes)
    rounded = np.floor(share * 100 + 0.5 + 1e-9) / 100
    known = np.isfinite(unsure)
    return Sized(
        table=table,
        columns=columns,
        below=below,
        rules=rules,
        low=low,
        high=high,
        dont_know=DontKnow(
            below=unsure[0],
            rules=_rules(share, count, asked, few, publication, least, yes, special)[0],
            low=np.where(known, 0.0, np.maximum(rounded - 0.005, 0.0))[0],
            high=np.where(known, unsure, np.minimum(rounded + 0.005, 1.0))[0],
        ),
    )


def size_rule(
    share: float, count: int, n: int, publication: Publication, special: bool
) -> Rule | None:
    """Why an answer of `count` of `n` people is hidden by itself, if it is."""
    few = np.array([n < publication.minimum_base])
    each = np.array([[share]]), np.array([[count]]), np.array([n])
    least, yes = np.array([publication.small_base]), np.ones((1, 1), dtype=bool)
    return _rules(*each, few, publication, least, yes, np.array([special]))[0][0]


def of_area(publication: Publication) -> Publication:
    """The rules for what is measured in one area: an answer of 1-4 persons is never told."""
    return publication.model_copy(update={"small_base": _NO_BASE_IS_ENOUGH})


def needed_range(n: int) -> float:
    """The range of shares that keeps an answer among `n` people hidden: 10 points, 3 people.

    Of three people or fewer nothing keeps the count hidden, as their number is known; there
    nine tenths of the whole range must stay open.
    """
    return max(SOLVED_POINTS, min(SOLVED_PEOPLE / max(n, 1), 0.9))


def less_than(share: float, n: int, small_count: int) -> float:
    """The bound the base allows: the smallest whole per cent above `small_count` in `n` people.

    It is the same for every answer of so few persons, unless their weights take the share
    above it: 0.01 from 401 people, 0.03 with 150.
    """
    bound = (math.floor(100 * small_count / n) + 1) / 100
    return bound if share < bound else (math.floor(100 * share) + 1) / 100


def rounded(kind: RowKind, value: float) -> float:
    """A number of a row of this kind as it is published."""
    if kind in IN_UNITS:
        return one_decimal(value)
    return whole_percent(value)


def _small(
    count: NDArray[np.integer], publication: Publication, is_share: Bools
) -> NDArray[np.bool_]:
    return is_share & (count >= 1) & (count <= publication.small_count)


def _below(
    share: Floats,
    count: NDArray[np.integer],
    n: NDArray[np.integer],
    publication: Publication,
    least: NDArray[np.integer],
    is_share: Bools,
) -> Floats:
    """Bounds (R, C) of answers shown as "less than"; NaN for all others.

    Those of 1-4 persons in a base of at least `least` (C), and any that would round to 0%
    although somebody gave them.
    """
    bounds = np.full(share.shape, np.nan)
    small = _small(count, publication, is_share)
    for r, c in np.argwhere(small & (n >= least)):
        bounds[r, c] = less_than(float(share[r, c]), int(n[c]), publication.small_count)
    with np.errstate(invalid="ignore"):
        bounds[is_share & ~small & (count > 0) & (share < 0.005)] = 0.01
    return bounds


def _rules(
    share: Floats,
    count: NDArray[np.integer],
    n: NDArray[np.integer],
    too_few: Bools,
    publication: Publication,
    least: NDArray[np.integer],
    is_share: Bools,
    special: Bools,
) -> tuple[tuple[Rule | None, ...], ...]:
    """Why each cell (R, C) is hidden by itself; a number that nobody has is hidden as too few."""
    few = np.broadcast_to(too_few, share.shape) | ~np.isfinite(share)
    small = _small(count, publication, is_share) & (n < least)
    with np.errstate(invalid="ignore"):
        extreme = is_share & ((share < 0.005) | (share >= 0.995)) & (n < publication.special_base)
    extreme &= special
    if not (few.any() or small.any() or extreme.any()):
        return tuple((None,) * share.shape[1] for _ in range(share.shape[0]))
    return tuple(
        tuple(
            Rule.TOO_FEW if few[r, c] else
            Rule.SPECIAL if extreme[r, c] else
            Rule.SMALL if small[r, c] else None
            for c in range(share.shape[1])
        )
        for r in range(share.shape[0])
    )  # fmt: skip


def _readings(table: Table, below: Floats) -> tuple[Floats, Floats]:
    """What each cell tells if it is shown: the numbers that round to what is printed.

    The interval printed beside a figure narrows it: it lies round the figure in a way that a
    reader can work out, and the middle of its rounded ends is known as closely as the figure.
    """
    in_units = np.array([row.kind in IN_UNITS for row in table.rows], dtype=bool)[:, None]
    is_share = np.array([row.kind in SHARES for row in table.rows], dtype=bool)[:, None]
    unit = np.where(in_units, 10.0, 100.0)
    half = 0.5 / unit

    def printed(values: Floats) -> Floats:
        whole = np.floor(np.where(in_units, np.abs(values), values) * unit + 0.5 + 1e-9) / unit
        return np.where(in_units, np.copysign(whole, values), whole)

    with np.errstate(invalid="ignore"):
        low, high = printed(table.estimate) - half, printed(table.estimate) + half
        middle = (printed(table.low) + printed(table.high)) / 2
        middle += table.estimate - (table.low + table.high) / 2
        # An end at the edge of the scale stands still, and tells nothing of the figure.
        edge = np.where(is_share, 0.0, -1.0)
        tells = np.isfinite(middle)
        tells &= in_units | ((table.low > edge) & (table.high < 1.0))
        low = np.where(tells, np.maximum(low, middle - half), low)
        high = np.where(tells, np.minimum(high, middle + half), high)
    low = np.where(is_share, np.maximum(low, 0.0), low)
    high = np.where(is_share, np.minimum(high, 1.0), high)
    bounded = np.isfinite(below)
    return np.where(bounded, 0.0, low), np.where(bounded, below, high)

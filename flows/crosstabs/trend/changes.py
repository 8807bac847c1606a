"""Wave on wave: what changed in the answers, in every row and column of every table.

Compared are questions asked in both waves with the same answers and the same words. A question
that was reworded is told apart and not tested unless that is asked for; one that a wave lacks, or
that held other answers in it, is left out with the reason.

A question that helps define the profiles is compared over all, and never tested within them: who
was extreme in one wave is less so in the next by chance alone (regression to the mean), so that
the lowest profiles always seem to rise and the highest to fall. The numbers stand in the result
for the analyst to see that, and are never published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.banner import Banner, parts_of_column
from flows.crosstabs.crosstab import checked_weights
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout.layouts import Layout, layouts
from flows.crosstabs.tables import SHARES, TOTAL, Floats, Identity, Ints, Row
from flows.crosstabs.trend.questions import Comparable, LeftOut, Wording, compared_questions
from flows.crosstabs.trend.rows import battery_layouts
from flows.definitions.dossier_plan import PROFILE, Publication
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.statistics.change import Change, Overlap, Rows, WaveSample
from flows.statistics.design import SampleDesign
from flows.statistics.multiplicity import benjamini_hochberg

Bools = NDArray[np.bool_]

_TOLERANCE = 1e-9
_NOT_LINEAR = ("median", "sd")


class TrendFlag(StrEnum):
    """What has to be known of a table before its change is read."""

    REWORDED = "reworded"
    DEFINES_COLUMNS = "defines_columns"
    BATTERY = "battery"


@dataclass(frozen=True, eq=False)
class TrendWave:
    """One wave, ready to be compared (n people).

    `people`: the pseudonym of everybody. `banner`: the columns, the same ones in both waves.
    `margins`, `base_weights`, `design`: as for `crosstab`.
    """

    code: str
    answers: pd.DataFrame
    questionnaire: Questionnaire
    banner: Banner
    weights: Floats
    people: Sequence[str]
    margins: pd.DataFrame | None = None
    base_weights: Floats | None = None
    design: SampleDesign | None = None


@dataclass(frozen=True, eq=False)
class TableTrend:
    """The change of one table: R rows, C columns (those of the banner, `TOTAL` last).

    Shares are 0-1, means in units of the scale. `before`, `after`, `change` (after less before)
    with standard error, 95% interval and test (R, C); `p_adjusted` is Benjamini-Hochberg within
    the table. NaN where a wave has no base, `p_value` also where nothing is tested: too few
    people, a reworded question, or, within columns, one that defines them. `n_before`, `n_after`,
    `both` (R, C): people in the base of each wave, and of them in both in the same column.
    `deviation` (R, C): the standard deviation of the answers, both waves together.
    """

    identity: Identity
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    flags: tuple[TrendFlag, ...]
    before: Floats
    after: Floats
    change: Floats
    error: Floats
    degrees_of_freedom: Floats
    low: Floats
    high: Floats
    p_value: Floats
    p_adjusted: Floats
    n_before: Ints
    n_after: Ints
    both: Ints
    deviation: Floats

    @property
    def reworded(self) -> bool:
        return TrendFlag.REWORDED in self.flags

    @property
    def defines_columns(self) -> bool:
        return TrendFlag.DEFINES_COLUMNS in self.flags

    def row(self, code: str) -> int:
        """Index of the row with this code."""
        return next(i for i, row in enumerate(self.rows) if row.code == code)

    @property
    def headline(self) -> int:
        """Index of the row that stands for the table: its headline, else its mean or first."""
        codes = [row.code for row in self.rows]
        return next((codes.index(c) for c in (self.identity.headline, "mean") if c in codes), 0)

    def needed(self, publication: Publication) -> Floats:
        """How large a change (R, 1) has to be to matter: 5 points, or 0.2 standard deviations."""
        is_mean = np.array([row.kind == "mean" for row in self.rows])[:, None]
        deviation = publication.minimum_sd * self.deviation[:, -1:]
        return np.where(is_mean, deviation, publication.minimum_points / 100)

    def changed(self, publication: Publication) -> Bools:
        """Cells (R, C) with a change beyond chance and large enough to matter."""
        with np.errstate(invalid="ignore"):
            enough = np.abs(self.change) >= self.needed(publication) - _TOLERANCE
            result: Bools = (self.p_adjusted < publication.alpha) & enough
        return result


@dataclass(frozen=True, eq=False)
class Trend:
    """From wave `before` to wave `after`.

    `n_before`, `n_after`: people in each, `both`: people in both. `left_out`: questions that were
    not compared, with the reason.
    """

    before: str
    after: str
    columns: tuple[str, ...]
    n_before: int
    n_after: int
    both: int
    tables: tuple[TableTrend, ...]
    left_out: tuple[LeftOut, ...]

    def table(self, number: str) -> TableTrend | None:
        return next((t for t in self.tables if t.identity.number == number), None)


def compare_waves(
    before: TrendWave,
    after: TrendWave,
    questions: Sequence[str],
    defining: Collection[str] = (),
    theme: str = "",
    *,
    publication: Publication = Publication(),  # noqa: B008
    test_reworded: bool = False,
    reworded: Collection[str] = (),
) -> Trend:
    """What changed from one wave to another.

    questions: codes in the order of the tables; of grids with a mean also the mean of their
        items (`F2`), before the items.
    defining: questions or answer columns that define the columns: not tested within them.
    reworded: questions that were worded otherwise before; texts that differ between the two
        questionnaires count as well.
    test_reworded: whether the change of a reworded question is tested. It keeps its flag.
    publication: `alpha`, `minimum_base` and what is large enough.

    Raises CrosstabError when the waves have other columns, weights cannot be used, or a person
    is twice in a wave.
    """
    if before.banner.codes != after.banner.codes:
        raise CrosstabError(
            f"{before.code} and {after.code} have different columns; make them by the same profile "
            "model or from the same questions."
        )
    found, left_out = compared_questions(
        (before.code, before.questionnaire, before.answers),
        (after.code, after.questionnaire, after.answers),
        questions,
        reworded,
    )
    overlaps = _overlaps(before, after)
    tables = tuple(
        _table(one, two, before.banner.codes, overlaps, flags, publication, test_reworded)
        for one, two, flags in _paired(before, after, found, theme, frozenset(defining))
    )
    return Trend(
        before=before.code,
        after=after.code,
        columns=before.banner.codes,
        n_before=len(before.answers),
        n_after=len(after.answers),
        both=overlaps[0].both,
        tables=tables,
        left_out=left_out,
    )


def _overlaps(before: TrendWave, after: TrendWave) -> list[Overlap]:
    """The waves side by side, per axis; without any axis there is the total alone."""
    sides = []
    for wave in (before, after):
        n = len(wave.answers)
        w = checked_weights(wave.weights, n)
        groups = [axis.groups for axis in wave.banner.axes] or [np.full(n, -1)]
        parts = (wave.margins, wave.base_weights, wave.design)
        sides.append([WaveSample(wave.people, w, each, *parts) for each in groups])
    sizes = [len(axis.columns) for axis in before.banner.axes] or [0]
    try:
        return [Overlap(one, two, k) for one, two, k in zip(*sides, sizes, strict=True)]
    except ValueError as wrong:
        raise CrosstabError(
            f"{before.code} and {after.code} cannot be compared: {wrong}; ingest them again."
        ) from None


def _paired(
    before: TrendWave,
    after: TrendWave,
    found: Sequence[Comparable],
    theme: str,
    defining: frozenset[str],
) -> Iterator[tuple[Layout, Layout, tuple[TrendFlag, ...]]]:
    """The layouts of each table in both waves, table by table; batteries before their items."""
    for each in found:
        parts: list[list[Layout]] = []
        same_items = [i.code for i in each.before.items] == [i.code for i in each.after.items]
        for wave, question in ((before, each.before), (after, each.after)):
            batteries = battery_layouts(wave.answers, question, theme) if same_items else ()
            known = (wave.code, theme, frozenset[str](), wave.questionnaire)
            items = layouts(wave.answers, (question,), *known)
            parts.append([*batteries, *items])
        earlier = {layout.identity.number: layout for layout in parts[0]}
        for layout in parts[1]:
            if layout.identity.number in earlier:
                flags = _flags(layout.identity, each.wording, defining)
                yield earlier[layout.identity.number], layout, flags


def _flags(identity: Identity, wording: Wording, defining: frozenset[str]) -> tuple[TrendFlag, ...]:
    battery = identity.item is None and identity.type == QuestionType.GRID.value
    flags = [TrendFlag.REWORDED] if wording is Wording.REWORDED else []
    whole = f"{identity.question}_"
    column = identity.question if identity.item is None else f"{whole}{identity.item}"
    partly = identity.item is None and any(code.startswith(whole) for code in defining)
    if {identity.question, column} & defining or partly:
        flags.append(TrendFlag.DEFINES_COLUMNS)
    return (*flags, TrendFlag.BATTERY) if battery else tuple(flags)


def _table(
    one: Layout,
    two: Layout,
    columns: tuple[str, ...],
    overlaps: Sequence[Overlap],
    flags: tuple[TrendFlag, ...],
    publication: Publication,
    test_reworded: bool,
) -> TableTrend:
    # Rows that are no ratio of sums (a median) have no linearised covariance.
    place = {row.code: i for i, row in enumerate(one.rows)}
    kept = [i for i, r in enumerate(two.rows) if r.kind not in _NOT_LINEAR and r.code in place]
    rows = tuple(two.rows[i] for i in kept)
    shift = two.shift[kept]
    first = _rows(one, [place[row.code] for row in rows], shift)
    second = _rows(two, kept, shift)
    changes = [
        overlap.compare(
            first,
            second,
            shares=np.array([row.kind in SHARES for row in rows]),
            minus=_minus(two, kept),
            alpha=publication.alpha,
        )
        for overlap in overlaps
    ]
    values = {
        field.name: np.hstack(
            [getattr(each, field.name)[:, :-1] for each in changes]
            + [getattr(changes[0], field.name)[:, -1:]]
        )
        for field in fields(Change)
    }
    p = values["p_value"]
    p[np.minimum(values["n_before"], values["n_after"]) < publication.minimum_base] = np.nan
    if TrendFlag.REWORDED in flags and not test_reworded:
        p[:] = np.nan
    if TrendFlag.DEFINES_COLUMNS in flags:
        p[:, of_profiles(columns)] = np.nan
    for name in ("before", "after"):
        values[name] = values[name] + shift[:, None]
    names = {field.name for field in fields(TableTrend)}
    return TableTrend(
        identity=two.identity,
        rows=rows,
        columns=columns,
        flags=flags,
        p_adjusted=benjamini_hochberg(p),
        **{name: value for name, value in values.items() if name in names},
    )


def _rows(layout: Layout, kept: list[int], shift: Floats) -> Rows:
    """The kept rows for everybody, less `shift` (scores far from zero lose digits)."""
    atoms = np.stack([np.asarray(atom, dtype=np.float64) for atom in layout.atoms])
    base = layout.denominator[kept] @ atoms
    moved = (layout.shift[kept] - shift)[:, None]
    return Rows(layout.numerator[kept] @ atoms + moved * base, base)


def of_profiles(columns: Sequence[str]) -> Bools:
    """Which columns (C) are profiles, or profiles within something else."""
    return np.array(
        [c != TOTAL and any(name == PROFILE for name, _ in parts_of_column(c)) for c in columns]
    )


def _minus(layout: Layout, kept: list[int]) -> list[tuple[int, int, int]]:
    """Rows that are the difference of two others, by their place among the kept ones."""
    place = {row: i for i, row in enumerate(kept)}
    return [
        (place[row], place[first], place[second])
        for row, first, second in layout.minus
        if {row, first, second} <= place.keys()
    ]

"""Cross-tabs of questions by profile: estimates, standard errors, intervals and tests.

All rows of all tables are counted in every column by matrix products, and all statistics
follow from the sums at once (`flows.statistics.variance`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout import Layout, layouts
from flows.crosstabs.tables import TOTAL, Floats, Table
from flows.definitions.models import Publication, Question, Questionnaire
from flows.statistics.estimated_margins import EstimatedMargin
from flows.statistics.intervals import (
    mean_interval,
    proportion_interval,
    t_test,
)
from flows.statistics.multiplicity import benjamini_hochberg
from flows.statistics.variance import (
    COUNT,
    SQUARE,
    WEIGHT,
    Linear,
    Sample,
    linearise,
    variance,
    weighted_sample,
)

ENOUGH_TO_TEST = 50.0
"""Below so many expected people a test does not trust the linearised variance alone.

In samples of 300 to 2,600 without any difference, the plain t test on it rejected at one in
a thousand 2-3 times too often below 50 expected, and as often as it should above.
"""

_BLOCK_BYTES = 32_000_000


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of the rows of all tables: rows (R, C, M), table bases (T, C, M)."""

    numerator: Floats
    denominator: Floats
    square: Floats
    behind: Floats
    base: Floats
    no_opinion: Floats
    asked: Floats


def crosstab(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    questions: Sequence[Question | str],
    profile: ArrayLike,
    profile_codes: Sequence[str],
    weights: ArrayLike,
    margins: pd.DataFrame | None = None,
    model_items: Collection[str] = (),
    theme: str = "",
    wave: str = "",
    *,
    publication: Publication = Publication(),  # noqa: B008
    base_weights: ArrayLike | None = None,
    estimated_margin: EstimatedMargin | None = None,
) -> tuple[Table, ...]:
    """Tabulate questions by profile.

    frame: the answers that count (status `kept`), one row a person (n).
    questions: questions or their codes, in the order of the tables; open ones give none.
    profile: profile code per person (n); missing or empty: in the total only.
    weights: calibrated weights (n), finite and above zero, on any scale.
    margins: the categorical variables (n rows) the weights were calibrated on, for the
        residuals of the variance; None: variance without calibration.
    base_weights: weights before calibration (n; default 1).
    estimated_margin: the one of the margins whose targets are estimates, such as a profile
        composition; their error enters every standard error, interval and test.
    model_items: codes of questions or answer columns that define the profiles: not tested.
    publication: `alpha` of the intervals; profiles under `minimum_base` are not tested.

    Returns one `Table` per question or grid item. Intervals for shares are Korn-Graubard
    below 10 expected and logit above. A profile is tested against all others together: t
    test of the linearised difference, with a floor under the standard error of small groups
    (`ENOUGH_TO_TEST`), since a share of 0% has no linearised variance of its own.

    Raises CrosstabError when nobody answered, a weight cannot be used, a profile is not
    among `profile_codes` or an answer column is absent.
    """
    asked = tuple(
        questionnaire.question(question) if isinstance(question, str) else question
        for question in questions
    )
    w = checked_weights(weights, len(frame))
    groups = profile_groups(profile, tuple(profile_codes), len(frame))
    sample = weighted_sample(w, groups, len(profile_codes), margins, base_weights, estimated_margin)
    made, sums = _count(sample, layouts(frame, asked, wave, theme, frozenset(model_items)))
    if not made:
        return ()
    return _tables(sample, made, sums, (*profile_codes, TOTAL), publication)


def checked_weights(weights: ArrayLike, n: int) -> Floats:
    """Weights (n) with a mean of 1; CrosstabError where one cannot be used."""
    w = np.asarray(weights, dtype=np.float64)
    if n < 2:
        raise CrosstabError(f"There are {n} respondents to tabulate; a table needs at least two.")
    if len(w) != n:
        raise CrosstabError(
            f"There are {len(w)} weights for {n} respondents; weigh this wave again."
        )
    wrong = ~(np.isfinite(w) & (w > 0))
    if wrong.any():
        raise CrosstabError(
            f"{wrong.sum()} of {len(w)} weights are missing, zero or negative (the first in row "
            f"{int(np.argmax(wrong)) + 1}); weigh this wave again with positive weights."
        )
    # Tables do not depend on the scale of the weights; a mean of 1 keeps sums well scaled.
    result: Floats = w / w.mean()
    return result


def profile_groups(profile: ArrayLike, codes: tuple[str, ...], n: int) -> NDArray[np.integer]:
    """Number of everybody's profile (n); -1 where there is none."""
    values = pd.Series(np.asarray(profile, dtype=object))
    if len(values) != n:
        raise CrosstabError(
            f"There are {len(values)} profiles for {n} respondents; type this wave again."
        )
    values = values.where(values.notna() & (values != ""), None)
    groups = pd.Categorical(values, categories=list(codes)).codes
    strange = values.notna().to_numpy() & (groups < 0)
    if strange.any():
        raise CrosstabError(
            f"The typing names a profile {values[strange].iloc[0]} that profiles.yaml does not "
            "know; type this wave again with the present profiles."
        )
    return groups


def _count(sample: Sample, tables: Iterable[Layout]) -> tuple[list[Layout], _Sums]:
    """Count the atoms of all tables block by block, and put the rows together."""
    size = max(16, _BLOCK_BYTES // (8 * max(sample.n, 1)))
    buffer = np.empty((size, sample.n))
    made: list[Layout] = []
    parts: list[list[Floats]] = []
    waiting: list[Layout] = []
    filled = 0

    def flush() -> None:
        columns = _with_total(sample.sums(buffer[:filled]))
        start = 0
        for layout in waiting:
            atoms = columns[start : start + len(layout.atoms)]
            start += len(layout.atoms)
            parts.append(_rows_of(layout, atoms))
            # Counted: the people behind it need no memory any more.
            made.append(replace(layout, atoms=()))
        waiting.clear()

    for layout in tables:
        if waiting and filled + len(layout.atoms) > len(buffer):
            flush()
            filled = 0
        if len(layout.atoms) > len(buffer):
            buffer = np.empty((len(layout.atoms), sample.n))
        for atom in layout.atoms:
            buffer[filled] = atom[sample.grouping.order]
            filled += 1
        waiting.append(layout)
    if waiting:
        flush()
    columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return made, _Sums(*(columns or [np.empty(0)] * len(fields(_Sums))))


def _with_total(sums: Floats) -> Floats:
    """Sums (A, G + 1, M) of profiles and nobody's -> (A, C, M) of profiles and everybody."""
    result = sums.copy()
    result[:, -1] = sums.sum(axis=1)
    return result


def _rows_of(layout: Layout, atoms: Floats) -> list[Floats]:
    a, c, m = atoms.shape
    flat = atoms.reshape(a, c * m)
    rows = [
        (combination @ flat).reshape(-1, c, m)
        for combination in (layout.numerator, layout.denominator, layout.square, layout.behind)
    ]
    whole = [
        (combination @ flat).reshape(1, c, m)
        for combination in (layout.base, layout.no_opinion, layout.asked)
    ]
    return rows + whole


def _tables(
    sample: Sample,
    made: list[Layout],
    sums: _Sums,
    columns: tuple[str, ...],
    publication: Publication,
) -> tuple[Table, ...]:
    is_share = np.array([row.kind != "mean" for layout in made for row in layout.rows])
    shift = np.concatenate([layout.shift for layout in made])[:, None]
    linear = linearise(sample, sums.numerator, sums.denominator, sums.square)
    error = np.sqrt(variance(sample, linear))
    estimate = linear.estimate + shift
    n = sums.denominator[..., COUNT]
    n_eff = _kish(sums.denominator)
    deviation = _deviation(sums, linear.estimate, n)
    low, high = mean_interval(estimate, error, sample.n - 1, publication.alpha)
    share_low, share_high = proportion_interval(
        estimate, error, n, n_eff, sample.n - 1, publication.alpha
    )
    low = np.where(is_share[:, None], share_low, low)
    high = np.where(is_share[:, None], share_high, high)

    difference, difference_error, freedom = _versus_rest(sample, sums, linear, is_share, deviation)
    p_value = t_test(difference, difference_error, freedom)
    p_value[n < publication.minimum_base] = np.nan
    p_value[(n[:, -1:] - n) < publication.minimum_base] = np.nan
    p_value[:, -1] = np.nan

    base_n_eff = _kish(sums.base)
    with np.errstate(divide="ignore", invalid="ignore"):
        no_opinion = sums.no_opinion[..., WEIGHT] / sums.asked[..., WEIGHT]
    result = []
    start = 0
    for t, layout in enumerate(made):
        rows = slice(start, start + len(layout.rows))
        start = rows.stop
        p = np.full_like(p_value[rows], np.nan) if layout.identity.model_item else p_value[rows]
        result.append(
            Table(
                identity=layout.identity,
                rows=layout.rows,
                columns=columns,
                estimate=estimate[rows],
                standard_error=error[rows],
                low=low[rows],
                high=high[rows],
                difference=difference[rows],
                difference_error=difference_error[rows],
                degrees_of_freedom=freedom[rows],
                p_value=p,
                p_adjusted=benjamini_hochberg(p),
                count=_whole(sums.behind[rows, :, COUNT]),
                standard_deviation=deviation[rows],
                n=_whole(sums.base[t, :, COUNT]),
                n_eff=base_n_eff[t],
                weighted_base=sums.base[t, :, WEIGHT],
                asked=_whole(sums.asked[t, :, COUNT]),
                dont_know=no_opinion[t],
                dont_know_count=_whole(sums.no_opinion[t, :, COUNT]),
            )
        )
    return tuple(result)


def _kish(base: Floats) -> Floats:
    """Effective number of people: (sum w)^2 / sum w^2; 0 where there is nobody."""
    squares = base[..., SQUARE]
    return np.divide(base[..., WEIGHT] ** 2, squares, out=np.zeros_like(squares), where=squares > 0)


def _deviation(sums: _Sums, centred: Floats, n: Floats) -> Floats:
    """Weighted standard deviation within the column, with n / (n - 1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        second = sums.square[..., WEIGHT] / sums.denominator[..., WEIGHT]
        spread = np.maximum(second - centred**2, 0.0) * n / (n - 1)
    return np.sqrt(np.where(n > 1, spread, np.nan))


def _versus_rest(
    sample: Sample, sums: _Sums, linear: Linear, is_share: NDArray[np.bool_], deviation: Floats
) -> tuple[Floats, Floats, Floats]:
    """Column less everybody else, its standard error and degrees of freedom, (R, C).

    NaN for the total. The linearised variance of a small group is itself uncertain, and
    too small just where its share is extreme by chance; so with few people the standard
    error is at least the one under equality, on Kish's effective bases, and the degrees of
    freedom are Welch's.
    """
    rest_sums = [part[:, -1:] - part for part in (sums.numerator, sums.denominator, sums.square)]
    contrast = linear.minus(linearise(sample, *rest_sums))
    error = np.sqrt(variance(sample, contrast))
    n_eff, rest_n_eff = _kish(sums.denominator), _kish(rest_sums[1])
    total = linear.estimate[:, -1:]
    smallest = np.minimum(n_eff, rest_n_eff)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = smallest * np.where(is_share[:, None], np.minimum(total, 1 - total), 1 / 3)
        within = np.where(is_share[:, None], total * (1 - total), deviation[:, -1:] ** 2)
        parts = 1 / n_eff, 1 / rest_n_eff
        under_equality = np.sqrt(within * (parts[0] + parts[1]))
        freedom = (parts[0] + parts[1]) ** 2 / (
            parts[0] ** 2 / (n_eff - 1) + parts[1] ** 2 / (rest_n_eff - 1)
        )
    few = (expected < ENOUGH_TO_TEST) | (deviation == 0)
    error = np.where(few & np.isfinite(under_equality), np.fmax(error, under_equality), error)
    result = contrast.estimate, error, freedom
    for values in result:
        values[:, -1] = np.nan
    return result


def _whole(counts: Floats) -> NDArray[np.int64]:
    return np.rint(counts).astype(np.int64)

"""Tables per true profile: corrected for errors in typing, for the analyst.

The columns of a published table hold who was *assigned* to a profile. With the classification
matrix of the typing (`flows.statistics.misclassification`: Bolck, Croon and Hagenaars 2004),
the sums per true profile follow from those per assigned profile, and everything else from
these sums as for any table: somebody assigned to t counts for profile s with the weight B[t, s].

What the numbers suppose: within a true profile, answers do not depend on the profile that
somebody was assigned to. So items that people are typed by are left out. Weights: the sums are
those of the calibrated weights, and the variance takes the calibration into account, since
residuals are linear in B too. The classification must then be that of the weighted population.
Weights that were calibrated on the profile itself fix the numbers *assigned*, and their targets
must be shares assigned; with shares of true profiles as targets the corrected sizes are wrong:
correct with weights that were calibrated on demographics alone.

Corrected shares may fall below 0% or above 100% where the errors of typing leave little to go
on. They are given as they are; their interval stays within bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.cells import cells_frame
from flows.crosstabs.counts import Counted, Sums, kish
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.estimates import cell_freedom, mean_freedom, share_interval
from flows.crosstabs.tables import SHARES, TOTAL, Floats, Table
from flows.crosstabs.verdicts import UNTESTED, adjusted
from flows.definitions.dossier_plan import PROFILE, Publication
from flows.definitions.models import Text
from flows.statistics.freedom import satterthwaite
from flows.statistics.intervals import mean_interval, t_test
from flows.statistics.misclassification import Classification, added_variance, corrected_sums
from flows.statistics.variance import COUNT, SQUARE, WEIGHT, Linear, variance

BASIS = "corrected"
"""What the numbers rest on, as `measured` and `estimated` elsewhere."""

WEAK, USELESS = 4.0, 10.0
"""Condition of the classification from which a note is made, and beyond which nothing is
corrected: errors may grow that many times. With eight profiles and errors spread evenly, 4 is
about a third assigned rightly, 10 a fifth."""


def corrected_tables(
    counted: Counted, classification: Classification, publication: Publication
) -> tuple[Table, ...]:
    """The tables of the profile axis per true profile, with the total last.

    `estimate`, `standard_error`, `low`, `high`, `standard_deviation`, `weighted_base` and
    `n_eff` are of the true profile; `difference` and the test compare it with all other
    profiles together. Errors hold the sampling of the people, the calibration and the error of
    the classification, which comes from other people. Degrees of freedom are those of the people
    assigned. `n`, `count` and `asked` are people
    assigned. Rows that cannot be corrected from sums (median, deviation) are NaN, as are all
    of tables about items of the model, and a profile with nothing left after correction.

    Raises CrosstabError where the classification is of other profiles or too poor.
    """
    axis = _profile_axis(counted, classification)
    sample, sums = counted.samples[axis], counted.sums[axis]
    b = classification.inverse
    true = _columns(sums, b, sample.places.plain)
    linear = counted.linear(axis, true)
    bases, counts = true.denominator[..., WEIGHT], true.numerator[..., WEIGHT]
    added = added_variance(classification, counts, bases, minus=counted.minus)
    error = np.sqrt(variance(sample, linear) + added)
    whole = counted.linear(axis, _everybody(sums))
    shift = np.concatenate([layout.shift for layout in counted.layouts])[:, None]
    estimate = np.hstack([linear.estimate, whole.estimate]) + shift
    error = np.hstack([error, np.sqrt(variance(sample, whole))])
    both = Sums(
        *(
            np.concatenate(pair, axis=1)
            for pair in zip(vars(true).values(), vars(_everybody(sums)).values(), strict=True)
        )
    )
    n, n_eff = both.denominator[..., COUNT], kish(both.denominator)
    freedom = cell_freedom(counted, sample, _with_everybody(sums))
    low, high = _interval(counted, axis, estimate, error, n, n_eff, freedom, publication.alpha)
    difference, difference_error, freedom = _versus_rest(
        counted, axis, classification, linear, true
    )
    p_value = t_test(difference, difference_error, freedom)
    p_value[both.denominator[..., COUNT] < publication.minimum_base] = np.nan
    deviation = _deviation(both, estimate - shift)
    hopeless = both.denominator[..., WEIGHT] <= 0
    for row, first, second in counted.minus:
        hopeless[row] |= hopeless[first] | hopeless[second]
    cells = {
        "estimate": estimate,
        "standard_error": error,
        "low": low,
        "high": high,
        "difference": difference,
        "difference_error": difference_error,
        "degrees_of_freedom": freedom,
        "p_value": p_value,
        "standard_deviation": deviation,
    }
    uncorrectable = _uncorrectable(counted)
    for values in cells.values():
        values[hopeless] = np.nan
        values[uncorrectable, :-1] = np.nan
    return tuple(
        _table(counted, axis, t, cells, both, publication) for t in range(len(counted.layouts))
    )


def corrected_frame(tables: Iterable[Table]) -> pd.DataFrame:
    """Every cell of corrected tables, as `cells_frame`, with `basis` = corrected (total: measured).

    To set beside the frame of the same tables as assigned, with `basis` measured.
    """
    frame = cells_frame(tables)
    return frame.assign(basis=np.where(frame["column"] == TOTAL, "measured", BASIS))


@dataclass(frozen=True)
class Correction:
    """What an analyst should know before using corrected tables.

    `inflation`: per profile, about how many times larger the standard errors of its shares are
    than without correction: by the effective numbers of people, and before the error of the
    classification itself. `notes`: sentences on what is weak.
    """

    condition: float
    inflation: tuple[float, ...]
    notes: tuple[Text, ...]


def correction_of(
    classification: Classification, codes: tuple[str, ...], sizes: Floats | None = None
) -> Correction:
    """How far a classification carries, with a sentence on what is weak.

    `codes` of the profiles; `sizes` (K): weighted shares assigned (default: equal). Raises
    CrosstabError where it is too poor to correct by.
    """
    _check_condition(classification)
    b, k = classification.inverse, len(codes)
    assigned = np.full(k, 1 / k) if sizes is None else np.asarray(sizes, dtype=np.float64)
    true = assigned @ b
    with np.errstate(divide="ignore", invalid="ignore"):
        inflation = np.where(true > 0, np.sqrt(assigned * (assigned @ b**2)) / true, np.inf)
    notes = []
    if classification.condition > WEAK:
        notes.append(
            Text(
                nl="De indeling in profielen is zwak: de correctie maakt marges tot "
                f"{classification.condition:.1f} keer zo groot.",
                en="The typing is weak: the correction makes margins up to "
                f"{classification.condition:.1f} times as large.",
            )
        )
    for code, share in zip(codes, true, strict=True):
        if share <= 0:
            notes.append(
                Text(
                    nl=f"Na correctie blijft van profiel {code} niemand over.",
                    en=f"After correction nobody is left of profile {code}.",
                )
            )
    return Correction(classification.condition, tuple(inflation.tolist()), tuple(notes))


def _profile_axis(counted: Counted, classification: Classification) -> int:
    places = [i for i, axis in enumerate(counted.banner.axes) if axis.code == PROFILE]
    if not places:
        raise CrosstabError(
            "These tables have no columns of profiles, so there is nothing to correct; tabulate "
            "by profile."
        )
    k, columns = len(classification.rates), len(counted.banner.axes[places[0]].columns)
    if k != columns:
        raise CrosstabError(
            f"The classification is of {k} profiles and the tables have {columns}; use the one of "
            "the model that typed these respondents."
        )
    _check_condition(classification)
    return places[0]


def _check_condition(classification: Classification) -> None:
    # Of a singular matrix the condition is infinite, or a number beyond all use.
    if not classification.condition <= USELESS:
        raise CrosstabError(
            "The typing tells the profiles apart too poorly to correct for its errors: they would "
            f"grow up to {classification.condition:.3g} times, and {USELESS:g} is the most; use a "
            "model that types better."
        )


def _columns(sums: Sums, b: Floats, plain: int) -> Sums:
    """Sums (R, K, M) of the true profiles; the numbers of people are those assigned."""
    made = []
    for part in vars(sums).values():
        assigned = part[:, :-1]
        result = corrected_sums(assigned, b, slice(SQUARE, plain))
        result[..., COUNT] = assigned[..., COUNT]
        made.append(result)
    return Sums(*made)


def _everybody(sums: Sums) -> Sums:
    return Sums(*(part.sum(axis=1, keepdims=True) for part in vars(sums).values()))


def _with_everybody(sums: Sums) -> Sums:
    """The sums of the columns, everybody in place of those without one."""
    parts = zip(vars(sums).values(), vars(_everybody(sums)).values(), strict=True)
    return Sums(*(np.concatenate([part[:, :-1], whole], axis=1) for part, whole in parts))


def _interval(
    counted: Counted,
    axis: int,
    estimate: Floats,
    error: Floats,
    n: Floats,
    n_eff: Floats,
    freedom: Floats,
    alpha: float,
) -> tuple[Floats, Floats]:
    kinds = [row.kind for layout in counted.layouts for row in layout.rows]
    is_share = np.array([kind in SHARES for kind in kinds])[:, None]
    effective = np.minimum(n_eff, n)
    of_means = mean_freedom(counted, freedom, effective)
    low, high = mean_interval(estimate, error, of_means, alpha)
    inside = (estimate > 0) & (estimate < 1)
    share = np.where(inside, estimate, 0.5)
    sample = counted.samples[axis]
    shares = share_interval(sample, share, error, n, effective, freedom, alpha)
    bounded = np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)
    return (
        np.where(is_share, np.where(inside, shares[0], bounded[0]), low),
        np.where(is_share, np.where(inside, shares[1], bounded[1]), high),
    )


def _versus_rest(
    counted: Counted, axis: int, classification: Classification, linear: Linear, true: Sums
) -> tuple[Floats, Floats, Floats]:
    """True profile less all others, its error and degrees of freedom (R, K + 1); NaN for the total.

    People count for a profile by B and for the others by 1 - B, so both estimates share them.
    Degrees of freedom are Satterthwaite's, of those assigned to it and of all others, and never
    more than the design has.
    """
    sample, sums = counted.samples[axis], counted.sums[axis]
    b, spread = classification.inverse, sample.places.spread
    rest = _columns(sums, 1 - b, sample.places.plain)
    other = counted.linear(axis, rest)
    parts = (sums.square, sums.numerator, sums.denominator)
    yy, y, base = (part[:, :-1, spread] @ (b * (1 - b)) for part in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = yy - (linear.estimate + other.estimate) * y
        shared = shared + linear.estimate * other.estimate * base
        shared = shared / (true.denominator[..., WEIGHT] * rest.denominator[..., WEIGHT])
    for row, first, second in counted.minus:
        shared[row] = shared[first] + shared[second]
    contrast = linear.minus(other)
    contrast = Linear(**(vars(contrast) | {"spread": contrast.spread - 2 * shared}))
    added = added_variance(
        classification,
        true.numerator[..., WEIGHT],
        true.denominator[..., WEIGHT],
        versus_rest=True,
        minus=counted.minus,
    )
    error = np.sqrt(variance(sample, contrast) + added)
    whole = _with_everybody(sums)
    df1, df2 = (cell_freedom(counted, sample, each)[:, :-1] for each in (whole, whole.rest()))
    freedom = satterthwaite(variance(sample, linear), df1, variance(sample, other), df2)
    freedom = np.minimum(freedom, counted.degrees_of_freedom)
    nothing = np.full((len(error), 1), np.nan)
    return (
        np.hstack([contrast.estimate, nothing]),
        np.hstack([error, nothing]),
        np.hstack([freedom, nothing]),
    )


def _deviation(sums: Sums, centred: Floats) -> Floats:
    n = sums.denominator[..., COUNT]
    with np.errstate(divide="ignore", invalid="ignore"):
        second = sums.square[..., WEIGHT] / sums.denominator[..., WEIGHT]
        result: Floats = np.sqrt(np.maximum(second - centred**2, 0.0) * n / (n - 1))
    return result


def _uncorrectable(counted: Counted) -> list[int]:
    """Rows that are no ratio of sums, and those of tables that people are typed by."""
    found = []
    for layout, rows in zip(counted.layouts, counted.rows, strict=True):
        for r, row in enumerate(layout.rows):
            if layout.identity.model_item or row.kind in UNTESTED:
                found.append(rows.start + r)
    return found


def _table(
    counted: Counted,
    axis: int,
    t: int,
    cells: dict[str, Floats],
    sums: Sums,
    publication: Publication,
) -> Table:
    layout, rows = counted.layouts[t], counted.rows[t]
    values: dict[str, Any] = {name: array[rows] for name, array in cells.items()}
    columns = (*(column.code for column in counted.banner.axes[axis].columns), TOTAL)
    with np.errstate(divide="ignore", invalid="ignore"):
        no_opinion = sums.no_opinion[t, :, WEIGHT] / sums.asked[t, :, WEIGHT]
    return Table(
        identity=layout.identity,
        rows=layout.rows,
        columns=columns,
        **values,
        p_adjusted=adjusted(values["p_value"], [layout.rows], columns, publication.correction),
        count=np.rint(sums.behind[rows, :, COUNT]).astype(np.int64),
        n=np.rint(sums.base[t, :, COUNT]).astype(np.int64),
        n_eff=kish(sums.base[t]),
        weighted_base=sums.base[t, :, WEIGHT],
        asked=np.rint(sums.asked[t, :, COUNT]).astype(np.int64),
        dont_know=no_opinion,
        dont_know_count=np.rint(sums.no_opinion[t, :, COUNT]).astype(np.int64),
    )

"""Cross-tabs of questions by the columns of a banner: estimates, errors, intervals and tests.

All rows of all tables are counted in every column by matrix products (`counts.py`), and all
statistics follow from the sums at once (`flows.statistics.variance`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.crosstabs.association import with_associations
from flows.crosstabs.banner import Banner
from flows.crosstabs.counts import Counted, count_tables, kish
from flows.crosstabs.derived_rows import derive_rows
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.estimates import estimates_of
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.pairwise import letters
from flows.crosstabs.tables import Floats, Table
from flows.crosstabs.verdicts import adjusted
from flows.definitions.dossier_plan import Publication
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.statistics.design import SampleDesign
from flows.statistics.estimated_margins import EstimatedMargin
from flows.statistics.threads import in_threads, products_on_one_thread
from flows.statistics.variance import COUNT, WEIGHT, weighted_sample

_BYTES_AT_A_TIME = 2_000_000
"""So many bytes of sums at a time stay in the processor's own memory."""


@products_on_one_thread
def crosstab(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    questions: Sequence[Question | str],
    banner: Banner,
    weights: ArrayLike,
    margins: pd.DataFrame | None = None,
    model_items: Collection[str] = (),
    theme: str = "",
    wave: str = "",
    *,
    publication: Publication = Publication(),  # noqa: B008
    base_weights: ArrayLike | None = None,
    estimated_margin: EstimatedMargin | None = None,
    design: SampleDesign | None = None,
    domain: NDArray[np.bool_] | None = None,
) -> tuple[Table, ...]:
    """Tabulate questions by the columns of a banner.

    frame: the answers that count (status `kept`), one row a person (n).
    questions: questions or their codes, in the order of the tables; open ones give none.
    banner: the columns (`profile_banner`, `banner_of`); who is in none counts in the total.
    weights: calibrated weights (n), finite and above zero, on any scale.
    margins: the categorical variables (n rows) the weights were calibrated on, for the
        residuals of the variance; None: variance without calibration.
    base_weights: weights before calibration (n; default 1).
    estimated_margin: the one of the margins whose targets are estimates, such as a profile
        composition; their error enters every standard error, interval and test.
    design: strata, clusters and finite population; None: people drawn one by one.
    domain: who is tabulated (n; `banner.filtered`); the others stay in the sample, as their
        number is part of the chance. None: everybody.
    model_items: codes of questions or answer columns that define the profiles: not tested.
    publication: `alpha` of the intervals; columns under `minimum_base` are not tested.

    Returns one `Table` per question or grid item, with the test of its association with every
    axis, and with letters where `publication.test` compares columns in pairs. Intervals for
    shares are Korn-Graubard below 10 expected and logit above. A column is tested against all
    others together: t test of the linearised difference, with a floor under the standard error
    of small groups (`estimates.ENOUGH_TO_TEST`), since a share of 0% has no linearised
    variance of its own.

    Raises CrosstabError when nobody answered, a weight cannot be used, the banner or the
    design is of other people, or an answer column is absent.
    """
    asked = tuple(
        questionnaire.question(question) if isinstance(question, str) else question
        for question in questions
    )
    w = checked_weights(weights, len(frame))
    _check_people(len(frame), banner, domain)
    try:
        sample = weighted_sample(
            w, np.zeros(len(w), np.int64), 1, margins, base_weights, estimated_margin, design=design
        )
    except ValueError as wrong:
        raise CrosstabError(f"These answers cannot be tabulated: {wrong}.") from wrong
    made = layouts(frame, asked, wave, theme, frozenset(model_items), questionnaire)
    counted = count_tables(sample, made, banner, domain)
    tables = tables_of(counted, publication)
    tables = derive_rows(counted, tables, publication)
    return letters(counted, with_associations(counted, tables), publication)


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


def _check_people(n: int, banner: Banner, domain: NDArray[np.bool_] | None) -> None:
    for axis in banner.axes:
        if len(axis.groups) != n:
            raise CrosstabError(
                f"The columns {axis.code} are of {len(axis.groups)} people and the answers of "
                f"{n}; make the columns from the same answers."
            )
    if domain is not None and len(domain) != n:
        raise CrosstabError(
            f"The filter is of {len(domain)} people and the answers of {n}; filter the same "
            "answers."
        )


def tables_of(counted: Counted, publication: Publication) -> tuple[Table, ...]:
    """The tables that follow from what was counted."""

    def made(tables: slice) -> tuple[Table, ...]:
        return tuple(_tables(counted.at(tables), publication))

    return tuple(chain.from_iterable(in_threads(made, _runs(counted))))


def _runs(counted: Counted) -> Iterator[slice]:
    """Tables after each other, as many as are best computed at a time."""
    start, filled = 0, 0
    places = len(counted.banner.columns) * counted.samples[0].places.count
    most = max(1, _BYTES_AT_A_TIME // (8 * places))
    for t, layout in enumerate(counted.layouts):
        if filled and filled + len(layout.rows) > most:
            yield slice(start, t)
            start, filled = t, 0
        filled += len(layout.rows)
    if filled:
        yield slice(start, len(counted.layouts))


def _tables(counted: Counted, publication: Publication) -> Iterator[Table]:
    sums = counted.columns()
    cells = vars(estimates_of(counted, sums, publication))
    cells["count"] = _whole(sums.behind[..., COUNT])
    with np.errstate(divide="ignore", invalid="ignore"):
        no_opinion = sums.no_opinion[..., WEIGHT] / sums.asked[..., WEIGHT]
    heads: dict[str, Any] = {
        "n": _whole(sums.base[..., COUNT]),
        "n_eff": kish(sums.base),
        "weighted_base": sums.base[..., WEIGHT],
        "asked": _whole(sums.asked[..., COUNT]),
        "dont_know": no_opinion,
        "dont_know_count": _whole(sums.no_opinion[..., COUNT]),
    }
    columns = counted.banner.codes
    of_model = np.concatenate(
        [np.full(len(layout.rows), layout.identity.model_item) for layout in counted.layouts]
    )
    cells["p_value"][of_model] = np.nan
    cells["p_adjusted"] = adjusted(
        cells["p_value"],
        [layout.rows for layout in counted.layouts],
        columns,
        publication.correction,
    )
    for t, (layout, rows) in enumerate(zip(counted.layouts, counted.rows, strict=True)):
        yield Table(
            identity=layout.identity,
            rows=layout.rows,
            columns=columns,
            **{name: array[rows] for name, array in cells.items()},
            **{name: array[t] for name, array in heads.items()},
        )


def _whole(counts: Floats) -> NDArray[np.int64]:
    return np.rint(counts).astype(np.int64)

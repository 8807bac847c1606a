"""What finer areas add to the spread of a variable, seen in the variables published for them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from flows.definitions.models import Text
from flows.ingest.area_base import AreaBase, BaseMargin
from flows.profiles.projection.spread import added_spread

DISTRICTS, STREETS, RESIDENTS = 60, 50, 400


def made(street: float, district: float, published: bool = True) -> AreaBase:
    """A base in which shares of districts and streets are beta with these correlations."""
    rng = np.random.default_rng(3)
    of = np.repeat(np.arange(DISTRICTS), STREETS)

    def drawn(mean: np.ndarray, rho: float) -> np.ndarray:
        if rho == 0:
            return mean
        more = 1 / rho - 1
        return rng.beta(mean * more, (1 - mean) * more)

    of_district = drawn(np.full(DISTRICTS, 0.4), district)
    count = rng.binomial(RESIDENTS, drawn(of_district[of], street))
    counts = np.column_stack([count, RESIDENTS - count]).astype(float)
    whole = pd.DataFrame(counts, columns=["1", "2"]).groupby([f"w{d:02d}" for d in of]).sum()
    flat = np.tile([0.5 * RESIDENTS] * 2, (len(of), 1))  # a variable in which nothing differs
    areas = pd.DataFrame({
        "pc6": [f"1{d:03d}A{s:02d}" for d in range(DISTRICTS) for s in range(STREETS)],
        "wijk": [f"w{d:02d}" for d in of], "country": "NL", "residents": RESIDENTS,
    })  # fmt: skip
    text = Text(nl="x")
    return AreaBase(
        code="made", title=text, year=2026, day=date(2026, 1, 1), simulated=True, source=text,
        levels=("pc6", "wijk", "country"), areas=areas, names={}, files_sha256="0" * 64,
        margins={
            "flat": BaseMargin("flat", ("1", "2"), flat, (), 0.0),
            "age": BaseMargin("age", ("1", "2"), counts, (("wijk", whole),) * published, 0.0),
        },
    )  # fmt: skip


@pytest.mark.parametrize("published", [True, False])
def test_it_is_the_difference_of_the_correlations(published: bool) -> None:
    base = made(street=0.12, district=0.03, published=published)
    assert added_spread(base, "wijk", None) == pytest.approx(0.12 - 0.03, abs=0.025)
    assert added_spread(base, "wijk", "country") == added_spread(base, "wijk", None)


def test_finer_areas_never_differ_less() -> None:
    assert added_spread(made(street=0.0, district=0.1), "wijk", None) == 0.0

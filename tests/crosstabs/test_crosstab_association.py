"""The Rao-Scott test of whole tables from the sums, against the same person by person."""

import numpy as np
import pytest
from counted_world import DESIGNS, counted_world

from flows.crosstabs.association import associations
from flows.statistics.rao_scott import cell_contributions, rao_scott


@pytest.mark.parametrize("design", DESIGNS)
def test_all_tables_at_once_equal_the_person_by_person_form(design):
    made = counted_world(design)
    found = associations(made.counted)
    names = {"S1": "S1", "Ga": "G_a", "Gb": "G_b"}
    seen = empty = 0
    for layout, tests in zip(made.counted.layouts, found, strict=True):
        if layout.identity.number not in names:
            continue
        codes = made.codes(names[layout.identity.number])
        for axis, test in zip((0, 1), tests, strict=True):
            shape = (5, len(made.counted.banner.axes[axis].columns))
            shares, u = cell_contributions(codes, made.groups[axis], shape, made.weights)
            empty += (shares == 0).any()
            nu = made.counted.degrees_of_freedom
            expected = rao_scott(shares[None], made.covariance(u)[None], nu)
            assert test.axis == made.counted.banner.axes[axis].code
            assert test.f == pytest.approx(expected.statistic[0], rel=1e-9)
            assert test.df1 == pytest.approx(expected.df1[0], rel=1e-9)
            assert test.df2 == pytest.approx(expected.df1[0] * nu, rel=1e-9)
            assert test.p == pytest.approx(expected.p[0], rel=1e-8)
            seen += 1
    assert seen == 6
    assert 0 < empty < seen  # tables with an empty cell go another way


def test_answers_that_overlap_numbers_and_items_of_the_model_have_none():
    made = counted_world(model_items=("S1",))
    found = {
        layout.identity.number: tests
        for layout, tests in zip(made.counted.layouts, associations(made.counted), strict=True)
    }
    assert {number for number, tests in found.items() if not tests} == {"S1", "M", "N"}
    assert {test.axis for test in found["S2"]} == {"profile", "land"}


def test_a_profile_that_answers_otherwise_is_found_and_a_column_by_chance_is_not():
    made = counted_world(n=1600)
    tests = dict(zip(["S1", "S2", "Ga", "Gb", "M", "N"], associations(made.counted), strict=True))
    assert tests["S1"][0].p < 1e-6
    assert tests["S1"][1].p > 0.01
    assert np.isfinite([test.f for test in tests["Ga"]]).all()


def test_a_question_that_nobody_answered_has_none():
    made = counted_world()
    sums = made.counted.sums[0]
    sums.numerator[made.counted.rows[0]] = 0
    sums.denominator[made.counted.rows[0]] = 0
    found = associations(made.counted)
    assert [test.axis for test in found[0]] == ["land"]
    assert len(found[2]) == 2

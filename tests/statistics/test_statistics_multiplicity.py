import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from flows.statistics.multiplicity import (
    CORRECTIONS,
    adjust,
    benjamini_hochberg,
    bonferroni,
    holm,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("ours", "method"),
    [(benjamini_hochberg, "fdr_bh"), (holm, "holm"), (bonferroni, "bonferroni")],
)
@settings(max_examples=10, deadline=None)
@given(p_values=P_VALUES)
def test_agrees_with_statsmodels(ours, method, p_values):
    expected = multipletests(p_values, method=method)[1]
    np.testing.assert_allclose(ours(p_values), expected, rtol=1e-12, atol=1e-300)


@settings(max_examples=10, deadline=None)
@given(p_values=P_VALUES)
def test_tests_not_made_do_not_count(p_values):
    table = np.full((len(p_values), 3), np.nan)
    table[:, 1] = p_values
    adjusted = benjamini_hochberg(table)
    assert adjusted.shape == table.shape
    assert np.isnan(adjusted[:, [0, 2]]).all()
    np.testing.assert_array_equal(adjusted[:, 1], benjamini_hochberg(p_values))


def test_nothing_to_adjust():
    assert np.isnan(holm([np.nan, np.nan])).all()
    assert benjamini_hochberg([]).size == 0


def test_a_correction_by_its_name():
    p = [0.01, 0.02, np.nan, 0.2]
    for name, function in CORRECTIONS.items():
        np.testing.assert_array_equal(adjust(p, name), function(p))
    np.testing.assert_array_equal(adjust(p, "none"), p)
    np.testing.assert_allclose(adjust(p, "bonferroni"), [0.03, 0.06, np.nan, 0.6])

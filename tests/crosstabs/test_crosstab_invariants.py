import numpy as np
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, world
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.cells import cells_frame, tables_of_cells
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.sizes import profile_sizes

FIELDS = ("estimate", "standard_error", "low", "high", "difference", "p_value", "n_eff", "n")


def tabulate(frame, profile, weights, margins, **more):
    return crosstab(
        frame,
        QUESTIONNAIRE,
        QUESTIONS,
        profile_banner(profile, PROFILES, len(frame)),
        weights,
        margins,
        wave="w1",
        **more,
    )


def assert_same(tables, others):
    for table, other in zip(tables, others, strict=True):
        for name in FIELDS:
            np.testing.assert_allclose(
                getattr(table, name), getattr(other, name), rtol=1e-8, atol=1e-9, err_msg=name
            )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(40, 300), scale=st.floats(1e-3, 1e5))
def test_order_and_scale_do_not_matter_and_shares_add_up(seed, n, scale):
    made = world(n, seed)
    tables = tabulate(made.frame, made.profile, made.weights, made.margins)
    order = np.random.default_rng(seed).permutation(n)
    shuffled = tabulate(
        made.frame.iloc[order].reset_index(drop=True),
        made.profile[order],
        made.weights[order] * scale,
        made.margins.iloc[order].reset_index(drop=True),
    )
    assert_same(tables, shuffled)
    for table in tables:
        answers = [i for i, row in enumerate(table.rows) if row.kind == "answer"]
        if answers and not table.identity.multiple:
            filled = table.n > 0
            np.testing.assert_allclose(table.estimate[answers].sum(axis=0)[filled], 1, atol=1e-12)
            assert (table.count[answers].sum(axis=0) == table.n).all()
        shares = [i for i, row in enumerate(table.rows) if row.kind != "mean"]
        known = np.isfinite(table.estimate[shares])
        assert (table.low[shares] <= table.estimate[shares] + 1e-12)[known].all()
        assert (table.estimate[shares] <= table.high[shares] + 1e-12)[known].all()


def test_a_table_does_not_depend_on_its_neighbours():
    made = world(300)
    whole = tabulate(made.frame, made.profile, made.weights, made.margins)
    for table in whole:
        alone = crosstab(
            made.frame,
            QUESTIONNAIRE,
            [table.identity.question],
            profile_banner(made.profile, PROFILES, len(made.frame)),
            made.weights,
            made.margins,
            wave="w1",
        )
        assert_same([t for t in alone if t.identity.number == table.identity.number], [table])


def test_stored_cells_make_the_same_tables():
    made = world(300)
    tables = tabulate(made.frame, made.profile, made.weights, made.margins, theme="t")
    cells = cells_frame(tables)
    again = tables_of_cells(cells, QUESTIONNAIRE)
    assert_same(tables, again)
    for table, other in zip(tables, again, strict=True):
        assert table.identity == other.identity
        assert table.rows == other.rows
        np.testing.assert_array_equal(table.count, other.count)
    with pytest.raises(CrosstabError, match="tabulate this wave again"):
        tables_of_cells(cells.assign(answer="weg"), QUESTIONNAIRE)
    assert list(cells_frame([]).columns) == list(cells.columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: {"weights": np.where(np.arange(80) == 4, np.nan, w.weights)}, "row 5"),
        (lambda w: {"weights": w.weights[:-1]}, "79 weights for 80"),
        (lambda w: {"weights": -w.weights}, "80 of 80 weights"),
        (lambda w: {"profile": ["px"] * 80}, "profile px"),
        (lambda w: {"profile": ["pa"] * 79}, "79 profiles for 80"),
        (lambda w: {"frame": w.frame.drop(columns="G_b")}, "no column G_b"),
        (lambda w: {"frame": w.frame.assign(S1="7")}, "S1 holds the code 7"),
    ],
)
def test_refused_in_one_sentence(change, message):
    made = world(80)
    arguments = {
        "frame": made.frame,
        "profile": made.profile,
        "weights": made.weights,
        "margins": made.margins,
    } | change(made)
    with pytest.raises(CrosstabError, match=message):
        tabulate(**arguments)


def test_one_respondent_is_refused():
    made = world(80)
    with pytest.raises(CrosstabError, match="at least two"):
        tabulate(made.frame[:1], made.profile[:1], made.weights[:1], made.margins[:1])


def test_a_question_of_another_wave_is_left_out():
    made = world(80)
    later = QUESTIONS[0].model_copy(update={"waves": ("w2",), "code": "L"})
    questions = (later, QUESTIONS[1])
    tables = crosstab(
        made.frame,
        QUESTIONNAIRE,
        questions,
        profile_banner(made.profile, PROFILES, 80),
        made.weights,
        wave="w1",
    )
    assert [t.identity.number for t in tables] == ["S2"]
    assert (
        crosstab(
            made.frame,
            QUESTIONNAIRE,
            ["O"],
            profile_banner(made.profile, PROFILES, 80),
            made.weights,
        )
        == ()
    )


def test_sizes_of_profiles():
    made = world(500)
    sizes = profile_sizes(made.profile, PROFILES, made.weights, made.margins)
    typed = np.array([p is not None for p in made.profile])
    for size in sizes:
        inside = made.profile[typed] == size.profile
        share = np.average(inside, weights=made.weights[typed])
        assert size.n == inside.sum()
        assert size.share == pytest.approx(share, abs=0.005)
        assert size.low <= size.share <= size.high
    nobody = profile_sizes(made.profile, (*PROFILES, "pz"), made.weights)[-1]
    assert (nobody.n, nobody.share) == (0, None)
    made = world(25)
    assert all(s.share is None for s in profile_sizes(made.profile, PROFILES, made.weights))

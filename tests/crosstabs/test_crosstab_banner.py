"""Columns from several variables, nested, and of part of the people."""

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, question, world

from flows.crosstabs import counts
from flows.crosstabs.banner import (
    Banner,
    Column,
    axis_of_column,
    banner_of,
    column_heads,
    filtered,
    profile_banner,
)
from flows.crosstabs.cells import cells_frame, tables_of_cells
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.definitions.models import Text
from flows.definitions.options import Option
from flows.definitions.profile_plan import Profile
from flows.definitions.questionnaire import Derived, Level
from flows.definitions.questions import QuestionType
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies

AGE = question(
    "age",
    QuestionType.SINGLE,
    options=tuple(Option(code=c, nl=f"leeftijd {c}") for c in "abcd"),
)
SEX = question(
    "sex",
    QuestionType.SINGLE,
    special="health",
    options=tuple(Option(code=c, nl=f"geslacht {c}") for c in "mv"),
)
OLD = Derived(
    code="old",
    text=Text(nl="oud", en="old"),
    kind="recode",
    of=("age",),
    levels=(
        Level(code="j", nl="jong", options=("a", "b")),
        Level(code="o", nl="oud", options=("c",)),
    ),
)
KNOWN = QUESTIONNAIRE.model_copy(update={"questions": (*QUESTIONS, AGE, SEX), "derived": (OLD,)})
NAMES = tuple(Profile(code=c, nl=f"profiel {c}", en=f"profile {c}", alias="x") for c in PROFILES)
STATISTICS = (
    "estimate",
    "standard_error",
    "low",
    "high",
    "difference",
    "difference_error",
    "p_value",
    "count",
    "standard_deviation",
)


@pytest.fixture(scope="module")
def made():
    made = world(1400, seed=7)
    rng = np.random.default_rng(3)
    sex = rng.choice(["m", "v", ".skipped"], 1400, p=[0.5, 0.45, 0.05])
    frame = made.frame.assign(
        age=made.margins["age"].astype(str).astype(pd.CategoricalDtype([*"abcd", ".refused"])),
        sex=pd.Categorical(sex, categories=["m", "v", ".skipped"]),
    )
    return type(made)(frame, made.profile, made.weights, made.margins)


def banner(made, *axes):
    return banner_of(made.frame, KNOWN, axes, made.profile, NAMES)


def tabulate(made, columns, **more):
    return crosstab(
        made.frame, KNOWN, QUESTIONS, columns, made.weights, made.margins, wave="w1", **more
    )


def test_codes_and_labels_tell_what_a_column_holds(made):
    found = banner(made, ["profile"], ["old"], ["profile", "sex"])
    assert [axis.code for axis in found.axes] == ["profile", "old", "profile*sex"]
    assert [axis.special for axis in found.axes] == ["none", "none", "health"]
    assert found.codes[:6] == ("pa", "pb", "pc", "pd", "old:j", "old:o")
    assert found.codes[6:8] == ("pa*sex:m", "pa*sex:v")
    assert found.codes[-1] == "total"
    assert found.slices == (slice(0, 4), slice(4, 6), slice(6, 14))
    assert found.columns[7] == Column(
        "pa*sex:v",
        "profile*sex",
        Text(nl="profiel pa, geslacht v", en="profile pa, geslacht v"),
        (("profile", "pa"), ("sex", "v")),
    )
    assert [axis_of_column(code) for code in found.codes] == [c.axis for c in found.columns]
    assert column_heads(found.codes, KNOWN, NAMES) == found.columns
    inside = (made.profile == "pb") & (made.frame["sex"] == "m").to_numpy()
    np.testing.assert_array_equal(found.axes[2].groups == 2, inside)
    assert (found.axes[2].groups[(made.frame["sex"] == ".skipped").to_numpy()] == -1).all()


def test_axes_beside_each_other_give_what_each_gives_alone(made):
    axes = (["profile"], ["age"], ["sex"], ["old", "sex"])
    together = tabulate(made, banner(made, *axes))
    alone = [tabulate(made, banner(made, axis)) for axis in axes]
    for t, table in enumerate(together):
        columns = [*table.columns]
        assert columns[-1] == "total"
        for tables in alone:
            other = tables[t]
            at = [columns.index(code) for code in other.columns]
            for name in STATISTICS:
                np.testing.assert_allclose(
                    getattr(table, name)[:, at],
                    getattr(other, name),
                    rtol=1e-9,
                    atol=1e-12,
                    err_msg=name,
                )
            np.testing.assert_array_equal(table.n[at], other.n)


def test_without_any_axis_there_is_the_total(made):
    table = tabulate(made, Banner(()))[0]
    other = tabulate(made, profile_banner(made.profile, PROFILES, 1400))[0]
    assert table.columns == ("total",)
    np.testing.assert_allclose(table.estimate[:, 0], other.estimate[:, -1], rtol=1e-12)
    np.testing.assert_allclose(table.standard_error[:, 0], other.standard_error[:, -1], rtol=1e-9)


def test_stored_cells_keep_several_axes(made):
    tables = tabulate(made, banner(made, ["profile"], ["age", "sex"]))
    again = tables_of_cells(cells_frame(tables), KNOWN)
    for table, other in zip(tables, again, strict=True):
        assert table.columns == other.columns
        assert table.association == other.association
        np.testing.assert_array_equal(table.estimate, other.estimate)
    lettered = [
        type(t)(**{**vars(t), "letters": tuple(("A B",) * len(t.columns) for _ in t.rows)})
        for t in tables
    ]
    assert [t.letters for t in tables_of_cells(cells_frame(lettered), KNOWN)] == [
        t.letters for t in lettered
    ]


def test_a_filter_is_a_domain_of_the_whole_sample(made):
    inside = filtered(made.frame, KNOWN, {"old": ["j"], "sex": ["m", "v"]})
    expected = made.frame["age"].isin(["a", "b"]) & made.frame["sex"].isin(["m", "v"])
    np.testing.assert_array_equal(inside, expected)
    table = tabulate(made, banner(made, ["profile"]), domain=inside)[0]
    w = made.weights / made.weights.mean()
    answers = made.frame["S1"].astype(str)
    b = inside & answers.isin(list("12345")).to_numpy()
    y = b & answers.isin(["4", "5"]).to_numpy()
    r = table.row("eens")
    x = margin_dummies(made.margins, w)
    for c, code in enumerate(table.columns):
        of = np.ones(len(w), bool) if code == "total" else made.profile == code
        base = (w * b * of).sum()
        p = (w * y * of).sum() / base
        u = (of * (y - p * b) / base)[:, None]
        z = w[:, None] * calibration_residual(u, x, np.ones(len(w)))
        error = linearised_covariance(z)[0, 0] ** 0.5
        assert table.estimate[r, c] == pytest.approx(p, rel=1e-12)
        assert table.standard_error[r, c] == pytest.approx(error, rel=1e-9)
        assert table.n[c] == (b & of).sum()
    # Leaving the others out of the sample altogether is something else.
    part = type(made)(
        made.frame[inside].reset_index(drop=True),
        made.profile[inside],
        made.weights[inside],
        made.margins[inside].reset_index(drop=True),
    )
    other = tabulate(part, banner(part, ["profile"]))[0]
    np.testing.assert_allclose(other.estimate, table.estimate, rtol=1e-9)
    assert np.abs(other.standard_error[r] / table.standard_error[r] - 1).max() > 1e-4


def test_several_answers_and_profiles_filter_too(made):
    ticked = filtered(made.frame, KNOWN, {"M": ["brief", "krant"]})
    marks = made.frame[["M_brief", "M_krant"]].astype(str).eq("1").any(axis=1)
    np.testing.assert_array_equal(ticked, marks)
    profiles = filtered(made.frame, KNOWN, {"profile": ["pa", "pd"]}, made.profile, NAMES)
    np.testing.assert_array_equal(profiles, np.isin(made.profile, ["pa", "pd"]))


def test_large_samples_in_single_precision_give_the_same(made, monkeypatch):
    """What is counted, weighed and estimated to 1e-12; standard errors to 1e-6."""
    columns = banner(made, ["profile"], ["age"], ["sex"], ["profile", "old"])
    base_weights = np.random.default_rng(4).uniform(0.5, 2.0, 1400)
    double = tabulate(made, columns, base_weights=base_weights)
    monkeypatch.setattr(counts, "DOUBLE_UP_TO", 0)
    single = tabulate(made, columns, base_weights=base_weights)
    for table, other in zip(single, double, strict=True):
        for name in ("estimate", "n", "n_eff", "weighted_base", "dont_know", "count"):
            np.testing.assert_allclose(
                getattr(table, name), getattr(other, name), rtol=1e-12, atol=1e-14, err_msg=name
            )
        for name in ("standard_error", "difference_error"):
            np.testing.assert_allclose(
                getattr(table, name), getattr(other, name), rtol=1e-6, err_msg=name
            )


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ([["nowhere"]], "nowhere is no question and no derived variable"),
        ([["M"]], "M is a multiple question"),
        ([["G"]], "G is a grid question"),
        ([["N"]], "N is a number question"),
        ([["age", "age"]], "A set of columns of age and age cannot be made"),
        ([[]], "A set of columns of nothing"),
        ([["age"], ["age"]], "age are asked for twice"),
    ],
)
def test_columns_that_cannot_be(made, axes, message):
    with pytest.raises(CrosstabError, match=message):
        banner(made, *axes)


def test_what_does_not_fit_is_refused_in_one_sentence(made):
    with pytest.raises(CrosstabError, match="no profile to tabulate by"):
        banner_of(made.frame, KNOWN, [["profile"]], None, NAMES)
    with pytest.raises(CrosstabError, match="age has no answer z to filter on"):
        filtered(made.frame, KNOWN, {"age": ["z"]})
    with pytest.raises(CrosstabError, match=r"none was named"):
        filtered(made.frame, KNOWN, {"age": []})
    with pytest.raises(CrosstabError, match="are of 3 people and the answers of 1400"):
        tabulate(made, profile_banner(["pa"] * 3, PROFILES, 3))
    with pytest.raises(CrosstabError, match="filter is of 3 people"):
        tabulate(made, Banner(()), domain=np.ones(3, dtype=bool))
    with pytest.raises(CrosstabError, match="tabulate this wave again"):
        column_heads(["age:z"], KNOWN, NAMES)

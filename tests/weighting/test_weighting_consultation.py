"""A consultation weighted by demographics, and with the area's profile composition added."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from flows.definitions.models import Text
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.weighting_plan import Composition, Groups, Margin, Trim, WeightingPlan
from flows.errors import Refusal
from flows.statistics.estimated_margins import square_root
from flows.statistics.variance import linearise, weighted_sample
from flows.weighting import CalibrationError
from flows.weighting.consultation import (
    PROFILE,
    consultation_summary,
    named_profiles,
    weigh_consultation,
)
from flows.weighting.report import weighting_page

SHARES = {"p1": 0.4, "p2": 0.35, "p3": 0.25}
ERRORS = {"p1": 0.02, "p2": 0.02, "p3": 0.015}
SOURCE = {"source": Text(nl="Schatting"), "reference_date": date(2025, 1, 1)}


def composition(shares=SHARES, errors=ERRORS, **more):
    return Composition(shares=shares, standard_errors=errors, **SOURCE, **more)


def plan(**more):
    margins = (
        Margin(variable="age", targets={"young": 0.3, "middle": 0.4, "old": 0.3}, **SOURCE),
        Margin(variable="sex", targets={"m": 0.49, "v": 0.51}, **SOURCE),
    )
    return WeightingPlan(**{"margins": margins, "composition": composition(), **more})


def people(n=600, seed=4, untyped=0.04, mix=(0.6, 0.3, 0.1)):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": pd.Categorical(
                rng.choice(["young", "middle", "old"], n, p=[0.2, 0.3, 0.5]),
                ["young", "middle", "old"],
            ),
            "sex": rng.choice(["m", "v"], n, p=[0.6, 0.4]),
        },
        index=pd.RangeIndex(1000, 1000 + n),
    )
    profile = rng.choice(list(SHARES), n, p=mix).astype(object)
    profile[rng.random(n) < untyped] = ""
    return frame, profile


def shares_of(values, weights):
    sums = pd.Series(weights).groupby(np.asarray(values, dtype=object)).sum()
    return sums / sums.sum()


def test_two_weightings_side_by_side():
    frame, profile = people()
    done = weigh_consultation(frame, plan(), profile)
    for weighting in (done.demographics, done.composition):
        assert weighting.weights.mean() == pytest.approx(1)
        assert shares_of(frame["age"], weighting.weights)["old"] == pytest.approx(0.3)
        assert shares_of(frame["sex"], weighting.weights)["m"] == pytest.approx(0.49)
    typed = profile != ""
    found = shares_of(profile[typed], done.composition.weights[typed])
    assert found.to_dict() == pytest.approx(SHARES, rel=1e-5)
    assert abs(shares_of(profile[typed], done.demographics.weights[typed])["p1"] - 0.6) < 0.05
    assert list(done.margins.columns) == ["age", "sex", PROFILE]
    assert list(done.margins.index) == list(frame.index)
    assert done.margins[PROFILE].isna().sum() == done.untyped == (~typed).sum()
    np.testing.assert_allclose(done.estimated.standard_errors, list(ERRORS.values()))
    assert [margin.variable for margin in done.plan.margins] == ["age", "sex", PROFILE]
    assert f"{done.untyped} of 600 respondents have no profile" in done.notes[0]
    assert "in proportion to the composition" in done.notes[0]


def test_what_the_composition_changes_is_told():
    frame, profile = people()
    done = weigh_consultation(frame, plan(), profile)
    told = done.comparison
    assert told.efficiency == (done.demographics.efficiency, done.composition.efficiency)
    assert told.efficiency[1] < told.efficiency[0]
    assert told.effective_n[1] == done.composition.effective_n
    assert told.lowest[0] == done.demographics.weights.min()
    assert told.highest[1] == pytest.approx(done.composition.weights.max())
    typed = profile != ""
    for each in told.mix:
        own = profile == each.profile
        assert each.n == own.sum()
        assert each.unweighted == pytest.approx(own.sum() / typed.sum())
        w = done.demographics.weights
        assert each.demographics == pytest.approx(w[own].sum() / w[typed].sum())
        assert (each.area, each.standard_error) == (SHARES[each.profile], ERRORS[each.profile])
        assert each.difference == pytest.approx(each.demographics - each.area)
        assert each.difference_error > each.standard_error
    assert told.distance_unweighted == pytest.approx(
        sum(abs(each.unweighted - each.area) for each in told.mix) / 2
    )
    assert 0.15 < told.distance_demographics < 0.25
    assert told.p_value < 1e-10


def test_respondents_with_the_mix_of_the_area_are_rarely_called_different():
    p_values = []
    for seed in range(80):
        frame, profile = people(400, seed, mix=tuple(SHARES.values()))
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(900, list(SHARES.values())) / 900
        errors = np.sqrt(drawn * (1 - drawn) / 900)
        area = composition(
            dict(zip(SHARES, drawn, strict=True)), dict(zip(SHARES, errors, strict=True))
        )
        p_values.append(weigh_consultation(frame, plan(), profile, area).comparison.p_value)
    below = np.mean(np.array(p_values) < 0.1)
    assert below <= 0.2
    assert 0.4 <= np.mean(p_values) <= 0.6


def test_without_a_profile_as_a_level_of_their_own():
    frame, profile = people()
    done = weigh_consultation(frame, plan(missing="own_level"), profile)
    untyped = profile == ""
    share = done.composition.weights[untyped].sum() / done.composition.weights.sum()
    assert share == pytest.approx(untyped.mean())
    assert "keep the share they have" in done.notes[0]


def test_missing_demographics_keep_their_own_rule():
    frame, profile = people()
    frame["sex"] = frame["sex"].where(np.arange(len(frame)) > 2)
    with pytest.raises(CalibrationError, match="sex"):
        weigh_consultation(frame, plan(), profile)
    done = weigh_consultation(frame, plan(missing="proportional"), profile)
    assert done.margins["sex"].isna().sum() == 3


def test_everybody_typed_leaves_no_note():
    frame, profile = people(untyped=0)
    done = weigh_consultation(frame, plan(), profile)
    assert done.untyped == 0
    assert done.notes == done.composition.notes


def test_a_profile_without_respondents_joins_another_or_is_refused():
    frame, profile = people(mix=(0.6, 0.4, 0.0))
    with pytest.raises(Refusal, match=r"no respondent has profile 'p3', which is 25.0% of the"):
        weigh_consultation(frame, plan(), profile)
    joining = composition(collapse=(("p3", "p2"),))
    done = weigh_consultation(frame, plan(), profile, joining)
    typed = profile != ""
    found = shares_of(profile[typed], done.composition.weights[typed])
    assert found.to_dict() == pytest.approx({"p1": 0.4, "p2": 0.6}, rel=1e-5)
    assert done.estimated.levels == ("p1", "p2")
    assert done.estimated.standard_errors == pytest.approx([0.02, 0.02])
    assert any("'p3' (0 respondents) joined 'p2'" in note for note in done.notes)
    # Nobody is counted twice, and the comparison still has all three.
    assert [each.n for each in done.comparison.mix] == [*np.bincount(profile[typed] == "p2"), 0]


def test_a_profile_with_few_respondents_joins_another():
    frame, profile = people()
    few = np.flatnonzero(profile == "p3")[3:]
    profile[few] = "p2"
    joining = composition(collapse=(("p3", "p2"),))
    done = weigh_consultation(frame, plan(), profile, joining)
    assert set(done.margins[PROFILE].dropna()) == {"p1", "p2"}
    everybody = np.zeros(len(frame), dtype=int)
    weighted_sample(
        done.composition.weights, everybody, 1, done.margins, None, done.estimated
    )  # fits


def test_a_covariance_may_be_given():
    frame, profile = people()
    S = np.array([[4e-4, -4e-4, 0], [-4e-4, 4e-4, 0], [0, 0, 0]])

    def known(S):
        rows = {
            a: dict(zip(SHARES, row.tolist(), strict=True))
            for a, row in zip(SHARES, S, strict=True)
        }
        return composition(covariance=rows)

    done = weigh_consultation(frame, plan(), profile, known(S))
    np.testing.assert_allclose(done.estimated.covariance, S, atol=1e-18)
    with pytest.raises(Refusal, match="composition: the covariance is not symmetric"):
        weigh_consultation(frame, plan(), profile, known(np.triu(S)))
    with pytest.raises(Refusal, match="every profile beside every profile"):
        weigh_consultation(frame, plan(), profile, composition(covariance={"p1": {"p1": 1e-4}}))


@pytest.mark.parametrize(
    ("shares", "errors", "message"),
    [
        ({"p1": 0.4, "p2": 0.35, "p3": 0.15}, ERRORS, "the shares add up to 0.9 instead of 1"),
        ({"p1": 40, "p2": 35, "p3": 25}, ERRORS, "instead of 1; correct them .shares, not perc"),
        ({"p1": 0.8, "p2": 0.4, "p3": -0.2}, ERRORS, "'p3' is -0.2; it must be 0 or more"),
        (SHARES, {"p1": 0.02, "p2": 0.02}, "'p3' has no standard error"),
        (SHARES, {"p1": 0.02, "p2": 0, "p3": 0}, "only 'p1' has a standard error above zero"),
        (SHARES, {"p1": 2, "p2": 2, "p3": 1.5}, "'p1' is 2, but a share of 0.4 cannot"),
        ({"p1": 0.6, "p2": 0.4}, {"p1": 0.02, "p2": 0.02}, "no share for profile 'p3', which"),
        ({"p1": 0.6, "p2": 0.4, "p3": 0}, {**ERRORS, "p3": 0}, "'p3' is 0, but .* respondents"),
    ],
)
def test_a_composition_that_cannot_be_right_is_refused(shares, errors, message):
    frame, profile = people()
    with pytest.raises(Refusal, match=f"weighting.yaml, composition: .*{message}"):
        weigh_consultation(frame, plan(), profile, composition(shares, errors))


def test_rounded_shares_are_scaled_to_one():
    frame, profile = people()
    rounded = {"p1": 0.401, "p2": 0.351, "p3": 0.25}
    done = weigh_consultation(frame, plan(), profile, composition(rounded))
    assert sum(done.plan.margins[-1].targets.values()) == pytest.approx(1, abs=1e-12)


def test_a_plan_that_cannot_have_a_composition_is_refused():
    frame, profile = people()
    for wrong, message in (
        ({"composition": None}, "has no composition"),
        ({"method": "poststratify"}, "poststratify takes one margin"),
        ({"groups": Groups(variable="sex")}, "weighted in groups by 'sex'"),
        (
            {"margins": (Margin(variable=PROFILE, targets=SHARES, **SOURCE),)},
            "there already is a margin 'profile'",
        ),
    ):
        with pytest.raises(Refusal, match=message):
            weigh_consultation(frame, plan(**wrong), profile)
    with pytest.raises(Refusal, match="599 profiles for 600 respondents"):
        weigh_consultation(frame, plan(), profile[1:])
    with pytest.raises(Refusal, match="None of the respondents has a profile"):
        weigh_consultation(frame, plan(), [""] * 600)


def test_trimming_holds_in_both():
    frame, profile = people()
    done = weigh_consultation(frame, plan(trim=Trim(upper=2.6, lower=0.2)), profile)
    assert done.comparison.highest[1] <= 2.6 * (1 + 1e-9)
    assert done.comparison.lowest[1] >= 0.2 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("method", "untyped", "exact_to"),
    [("linear", 0.0, 1e-6), ("linear", 0.25, 0.05), ("raking", 0.0, 0.1), ("raking", 0.25, 0.1)],
)
def test_estimates_move_with_the_composition_as_the_variance_says(method, untyped, exact_to):
    """Weighting again to another composition, against beta'dT of the first weighting."""
    frame, profile = people(1500, untyped=untyped, mix=(0.5, 0.3, 0.2))
    rng = np.random.default_rng(1)
    y = (rng.random(1500) < 0.2 + 0.5 * (profile == "p2") + 0.2 * (frame["age"] == "old")) * 1.0

    def share(done):
        return float(done.composition.weights @ y / done.composition.weights.sum())

    done = weigh_consultation(frame, plan(method=method), profile)
    everybody = np.zeros(len(frame), dtype=int)
    w = done.composition.weights
    sample = weighted_sample(w, everybody, 1, done.margins, None, done.estimated)
    sums = sample.sums(np.array([y, np.ones(len(y))]))[:, :1]
    moves = linearise(sample, sums[:1], sums[1:], sums[:1]).beta[0, 0] @ sample.shocks
    moved = []
    for column in square_root(done.estimated.covariance).T:
        other = {code: SHARES[code] + 0.1 * column[k] for k, code in enumerate(SHARES)}
        again = weigh_consultation(frame, plan(method=method), profile, composition(other))
        moved.append((share(again) - share(done)) / 0.1)
    assert np.abs(moves).max() > 0.005
    assert np.abs(moves - moved).max() <= exact_to * np.abs(moves).max()


def test_the_summary_and_the_page_tell_both():
    frame, profile = people()
    done = weigh_consultation(frame, plan(), profile)
    summary = consultation_summary(done, seconds=0.01)
    told = json.loads(json.dumps(summary))["consultation"]
    assert told["untyped"] == done.untyped
    assert [each["profile"] for each in told["mix"]] == list(SHARES)
    assert summary["notes"] == list(done.notes)
    names = {"p1": "First <profile>", "p2": "Second", "p3": "Third"}
    page = weighting_page(
        done.plan,
        named_profiles(Questionnaire(questions=()), names),
        summary,
        title="A consultation",
        profile_names=names,
    )
    assert "Respondents and area" in page
    assert page.count("First &lt;profile&gt;") >= 4
    assert "<profile>" not in page
    assert "p &lt; 0.001" in page
    assert "Demographics and profiles" in page

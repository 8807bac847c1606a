"""Area analyses against plain pandas: roundings, marks, likes, and what may be published."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy.stats import norm

from flows.crosstabs.area_analysis.analysis import (
    Mix,
    Withheld,
    analyse,
    hellinger,
    published,
    residents_unit,
)
from flows.crosstabs.area_analysis.margin import composition_margin, composition_yaml
from flows.crosstabs.area_analysis.respondents import (
    RespondentMix,
    participation,
    participation_tidy,
    ranked,
)
from flows.crosstabs.area_analysis.safety import Named, Territory, check_safe, problems
from flows.crosstabs.area_analysis.tidy import area_tidy
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tidy import COLUMNS
from flows.definitions.models import Text
from flows.definitions.own_areas import AreaRules
from flows.definitions.weighting_plan import Composition
from flows.profiles.projection.groups import bounds
from flows.statistics.estimated_margins import shares_covariance

CODES = tuple("abcd")
OWN = [0.184, 0.126, 0.400, 0.290]
NL = [0.110, 0.128, 0.424, 0.338]


def mix(
    shares: list[float], error: float = 0.012, code: str = "x", residents: float = 67_394,
    level: str = "municipality",
) -> Mix:  # fmt: skip
    p = np.array(shares)
    low, high = bounds(p, np.full(len(p), error**2), 0.95, None)
    return Mix(level, code, Text(nl=code.upper(), en=code.upper()), residents, p, low, high)


def half_up(value: float) -> int:
    return int(np.floor(value + 0.5))


# ---------------------------------------------------------------------------------- figures


def test_errors_are_those_the_interval_was_made_with() -> None:
    assert np.allclose(mix(OWN, 0.012).errors(), 0.012)
    assert np.allclose(mix([0.01, 0.04, 0.25, 0.7], 0.004).errors(), 0.004)


def test_published_figures_are_whole_and_bounds_go_outward() -> None:
    own = mix(OWN)
    frame = pd.DataFrame({"p": own.estimate, "low": own.low, "high": own.high})
    for figure, row in zip(published(own, 100), frame.itertuples(), strict=True):
        assert round(figure.share * 100) == half_up(row.p * 100)
        assert round(figure.low * 100) == int(np.floor(row.low * 100))
        assert round(figure.high * 100) == int(np.ceil(row.high * 100))
        assert figure.residents == 100 * half_up(row.p * own.residents / 100)
        assert figure.low <= figure.share <= figure.high


@pytest.mark.parametrize(
    ("error", "residents", "unit"),
    [(0.012, 67_394, 100), (0.012, 700, 10), (0.03, 67_394, 500), (0.001, 67_394, 10)],
)
def test_residents_are_rounded_to_their_uncertainty(
    error: float, residents: float, unit: int
) -> None:
    own = mix(OWN, error, residents=residents)
    assert residents_unit(own) == unit
    half = np.median(own.high - own.low) / 2 * residents
    assert unit == 10 or unit <= half / 5


def test_an_area_is_compared_with_country_and_province() -> None:
    done = analyse(mix(OWN), CODES, country=mix(NL, code="nl"), province=mix(OWN, code="pv"))
    found = pd.DataFrame(
        [(x.country.points, x.country.verdict, x.country.ratio) for x in done.lines],
        columns=["points", "verdict", "ratio"],
    )
    own, other = (pd.Series(values).mul(100).add(0.5).floordiv(1) for values in (OWN, NL))
    assert (found["points"] == (own - other)).all()
    low, high = (
        pd.Series([getattr(x.figure, side) for x in done.lines]) * 100 for side in ("low", "high")
    )
    outside = (other < low.round()) | (other > high.round())
    assert ((found["verdict"] != "") == (outside & (found["points"].abs() >= 2))).all()
    assert found["verdict"].tolist() == ["higher", "", "", "lower"]
    assert found["ratio"][0] == half_up(OWN[0] / NL[0] * 10) / 10
    assert np.isnan(found["ratio"].astype(float)[1])
    assert all(x.province.verdict == "" and x.province.points == 0 for x in done.lines)
    assert [line.profile for line in done.marked] == ["a", "d"]
    assert not done.as_country


def test_a_difference_within_the_margin_or_under_the_points_is_not_marked() -> None:
    wide = analyse(mix(OWN, 0.05), CODES, country=mix(NL))
    assert wide.as_country
    assert all(line.country.ratio is None for line in wide.lines)
    close = [0.19, 0.12, 0.40, 0.29]
    sure = analyse(mix(OWN, 0.0005), CODES, country=mix(close, 0.0005))
    assert sure.as_country  # a point at most
    strict = analyse(mix(OWN), CODES, country=mix(NL), rules=AreaRules(minimum_points=6))
    assert [line.profile for line in strict.marked] == ["a"]


def test_only_parts_whose_interval_leaves_the_area_out_stand_out() -> None:
    parts = [
        mix([0.30, 0.10, 0.35, 0.25], 0.015, "w1", 2_000, "wijk"),
        mix([0.30, 0.10, 0.35, 0.25], 0.20, "w2", 9_000, "wijk"),
        mix(OWN, 0.02, "w3", 5_004, "wijk"),
    ]
    done = analyse(mix(OWN), CODES, country=mix(NL), parts=parts)
    assert [part.code for part in done.parts] == ["w2", "w3", "w1"]  # by size
    assert [part.residents for part in done.parts] == [9_000, 5_000, 2_000]
    assert [part.standing_out() for part in done.parts] == [(), (), (0, 2)]
    assert done.part_level == "wijk"


def test_likes_are_ranked_by_hellinger_and_told_apart_by_their_errors() -> None:
    rng = np.random.default_rng(1)
    others = [
        mix(list(rng.dirichlet([40, 25, 80, 60])), 0.01, f"g{i}", 10_000 * (i + 1))
        for i in range(8)
    ]
    same = mix(OWN, 0.012, "same", 120_000)
    done = analyse(mix(OWN), CODES, others=[*others, same])
    frame = pd.DataFrame({each.code: each.estimate for each in [*others, same]})
    distance = ((frame.pow(0.5).sub(pd.Series(OWN).pow(0.5), axis=0) ** 2).sum() / 2).pow(0.5)
    assert [each.code for each in done.alike] == distance.sort_values().index[:5].tolist()
    assert np.allclose([x.distance for x in done.alike], distance.sort_values()[:5])
    assert done.alike[0].code == "same"
    assert not done.alike[0].apart
    assert done.alike[0].size_class == 3
    assert done.size_class == 2
    assert hellinger(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(1)


def test_the_noise_of_a_distance_is_what_errors_make_of_equal_mixes() -> None:
    rng = np.random.default_rng(2)
    p, error = np.array([0.3, 0.3, 0.2, 0.2]), 0.01
    draws = [p + rng.normal(0, error, (2, 4)) for _ in range(4_000)]
    seen = np.mean([hellinger(a, b) ** 2 for a, b in draws])
    expected = 2 * 0.5 * (error**2 / (4 * p)).sum()
    assert seen == pytest.approx(expected, rel=0.05)
    near = analyse(mix(list(p), error), CODES, others=[mix([0.305, 0.295, 0.2, 0.2], error)])
    far = analyse(mix(list(p), error), CODES, others=[mix([0.36, 0.24, 0.2, 0.2], error)])
    assert (near.alike[0].apart, far.alike[0].apart) == (False, True)


def test_the_tidy_table_has_every_published_figure() -> None:
    part = mix([0.30, 0.10, 0.35, 0.25], 0.02, "w1", 2_000, "wijk")
    done = analyse(
        mix(OWN), CODES, country=mix(NL), parts=[part], others=[mix(NL, code="g2")],
        withheld=Withheld(hidden=0.1),
    )  # fmt: skip
    tidy = area_tidy(done, "s", "w1", {"model": "m1"})
    assert tuple(tidy.columns[:-1]) == COLUMNS
    assert set(tidy["basis"]) == {"estimated"}
    assert set(tidy["area"]) == {"x"}
    assert (tidy["model"] == "m1").all()
    own = tidy[(tidy["table"] == "composition") & (tidy["item"] == "x")]
    shares = own[own["statistic"] == "share"].set_index("answer")
    assert shares["value"].tolist() == [0.18, 0.13, 0.4, 0.29]
    assert shares["flag"].tolist() == ["", "as_country", "as_country", ""]
    points = own[own["statistic"] == "points"].set_index("answer")
    assert points["verdict"].tolist() == ["higher", "", "", "lower"]
    whole = tidy.loc[tidy["statistic"] == "share", ["value", "low", "high"]].stack().dropna() * 100
    assert np.allclose(whole, whole.round())
    assert set(tidy["table"]) == {"composition", "parts_wijk", "similar"}


# ----------------------------------------------------------------------- what may be published

# Two towns. In the first postcodes and wijken cross in four cells of two PC6; in the second they
# are the same.
AREAS = pd.DataFrame(
    {
        "pc6": [f"x{i}" for i in range(16)],
        "pc4": [str(1 + i // 4) for i in range(16)],
        "wijk": ["w0", "w0", "w1", "w1"] * 2 + ["w2"] * 4 + ["w3"] * 4,
        "municipality": [f"g{i // 8}" for i in range(16)],
        "country": ["NL"] * 16,
        "residents": [200] * 8 + [300, 300, 300, 600, 300, 300, 20, 1_000],
    }
)
PUBLISHED = {
    "pc4": list("1234"),
    "wijk": ["w0", "w1", "w2", "w3"],
    "municipality": ["g0", "g1"],
    "country": ["NL"],
}


def territory(**without: str) -> Territory:
    kept = {level: [c for c in codes if c != without.get(level)]
            for level, codes in PUBLISHED.items()}  # fmt: skip
    return Territory.of(AREAS, kept, "residents")


def named(name: str, *parts: list[int]) -> Named:
    each = tuple(np.isin(np.arange(16), part) for part in parts)
    return Named(name, np.any(each, axis=0), each)


def test_a_sum_of_published_areas_tells_nothing_new() -> None:
    one = named("one", list(range(8)), list(range(12, 16)))  # town and postcode
    check_safe(one, [], territory(), 100_000)
    cells = named("cells", *[[i] for i in range(4)])  # a whole postcode by its PC6
    check_safe(cells, [], territory(), 100_000)


def test_an_area_of_small_parts_needs_enough_residents() -> None:
    with pytest.raises(CrosstabError, match="fewer than 500 residents of 18 and over"):
        check_safe(named("small", [0]), [], territory(), 500)
    check_safe(named("large", [8, 9]), [], territory(), 500)
    hidden = named("hidden", [8, 9, 10, 11])  # a postcode that is withheld is no published area
    with pytest.raises(CrosstabError, match="hidden has parts below PC4"):
        check_safe(hidden, [], territory(wijk="w2", pc4="3"), 2_000)


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("more", [8, 12, 13, 14, 15], "more less the areas of level pc4 inside it would leave"),
        ("less", [12, 13, 15], "the areas of level pc4 around it less less would leave"),
        ("union", [0, 1, 2, 3, 4, 5], "union less the areas of level pc4 inside it"),
    ],
)
def test_a_small_difference_with_published_areas_is_refused(
    name: str, rows: list[int], told: str
) -> None:
    with pytest.raises(CrosstabError, match=told):
        check_safe(named(name, rows), [], territory(), 500)
    check_safe(named(name, rows), [], territory(), 10)


def test_two_own_areas_are_compared_with_each_other() -> None:
    first, second = named("first", [8, 9]), named("second", [8, 9, 10])
    check_safe(second, [], territory(), 500)
    check_safe(first, [], territory(), 500)
    for one, other in ((first, second), (second, first)):
        with pytest.raises(CrosstabError, match="second less first would leave fewer than 500"):
            check_safe(one, [other], territory(), 500)
    check_safe(first, [named("first again", [8, 9])], territory(), 500)


def test_linear_algebra_finds_what_several_own_areas_give_away() -> None:
    """Own areas 8+9, 9+10 and 8+10 give each of the three, though none lies in another."""
    pairs = [named("a", [8, 9]), named("b", [9, 10]), named("c", [8, 10])]
    assert list(problems(pairs[0], pairs[1:2], territory(), 500)) == []
    assert any("give figures" in each for each in problems(pairs[0], pairs[1:], territory(), 500))


def test_every_refusal_is_needed() -> None:
    """Of all own areas of one town, those let through give no sum of PC6 under the threshold."""
    land, fewest = territory(), 500
    rng = np.random.default_rng(4)
    base = [land.inside[level] == number
            for level in land.inside for number in range(land.inside[level].max() + 1)]  # fmt: skip
    passed = 0
    for _ in range(25):
        area = named("area", list(rng.choice(16, rng.integers(2, 9), replace=False)))
        if list(problems(area, [], land, fewest)):
            continue
        passed += 1
        if land.is_sum(area.rows):
            continue
        known = np.array([*base, area.rows], dtype=float)
        before = np.array(base, dtype=float)
        for size in (1, 2):
            for chosen in itertools.combinations(range(16), size):
                wanted = np.isin(np.arange(16), chosen).astype(float)
                if land.people(wanted > 0) < fewest:
                    assert solved(known, wanted) == solved(before, wanted)
    assert passed


def solved(sums: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether `wanted` is a combination of the sums, by least squares."""
    found = np.linalg.lstsq(sums.T, wanted, rcond=None)[0]
    return bool(np.allclose(sums.T @ found, wanted))


# -------------------------------------------------------------- respondents beside residents


def respondents(shares: list[float], error: float, n: int = 400) -> RespondentMix:
    p = np.array(shares)
    return RespondentMix(CODES, p, p - 2 * error, p + 2 * error, np.full(4, error), n, 3)


def test_both_errors_count_and_tests_are_adjusted() -> None:
    took = respondents([0.06, 0.14, 0.50, 0.30], 0.02)
    area = mix([0.12, 0.13, 0.43, 0.32], 0.015)
    lines = participation(took, area, AreaRules())
    z = pd.Series([-0.06, 0.01, 0.07, -0.02]).abs() / np.sqrt(0.02**2 + 0.015**2)
    p = pd.Series(2 * (1 - norm.cdf(z)))
    order = p.sort_values(ascending=False).index
    adjusted = (p[order] * 4 / np.arange(4, 0, -1)).cummin().clip(upper=1).reindex(range(4))
    assert np.allclose([line.p_adjusted for line in lines], adjusted)
    assert [line.verdict for line in lines] == ["less", "", "more", ""]
    assert lines[0].ratio == 0.5
    assert [line.points for line in lines] == [-6, 1, 7, -2]
    assert [line.profile for line in ranked(lines)] == ["c", "a"]
    unsure = participation(took, mix([0.12, 0.13, 0.43, 0.32], 0.06), AreaRules())
    assert not ranked(unsure)
    high_bar = participation(took, area, AreaRules(respondents_points=7))
    assert [line.profile for line in ranked(high_bar)] == ["c"]


def test_respondents_are_measured_and_residents_estimated_in_the_tidy_table() -> None:
    lines = participation(
        respondents([0.06, 0.14, 0.50, 0.30], 0.02), mix(OWN), AreaRules(),
        respondents([0.1, 0.1, 0.5, 0.3], 0.02),
    )  # fmt: skip
    tidy = participation_tidy(lines, 400, "s", "w", "x", {"base": "b"})
    assert tuple(tidy.columns[:-1]) == COLUMNS
    basis = tidy[tidy["statistic"] == "share"].groupby("column")["basis"].unique().map(list)
    assert basis.to_dict() == {
        "residents": ["estimated"], "respondents": ["measured"], "weighted": ["measured"],
    }  # fmt: skip
    measured = tidy[tidy["column"] == "respondents"]
    assert measured["value"].tolist() == [0.06, 0.14, 0.5, 0.3]
    assert (measured["n"] == 400).all()


def test_the_margin_of_a_consultation_has_shares_and_errors() -> None:
    made = composition_margin(
        mix(OWN, 0.012), CODES, Text(nl='Basis: "klein"', en="Base"), date(2026, 1, 1)
    )
    assert list(made.shares.values()) == OWN
    assert made.standard_errors == dict.fromkeys(CODES, 0.012)
    text = composition_yaml(made, "SIMULATED\nPut this in weighting.yaml.")
    read = YAML(typ="safe").load(text)
    assert Composition.model_validate(read["composition"]) == made
    covariance = shares_covariance(made.shares, made.standard_errors)
    assert np.allclose(np.diag(covariance), 0.012**2)
    assert np.allclose(covariance.sum(axis=1), 0)

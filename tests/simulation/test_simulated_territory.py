"""The world down to postcodes: how it nests, who lives where, and which profile they have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from territory_world import with_geography, with_places

from flows.definitions.survey import Survey
from flows.simulation.errors import SimulationError
from flows.simulation.parameters import SimulationParameters
from flows.simulation.people import People, Society, found_society, populate
from flows.simulation.sample import draw_residents
from flows.simulation.territory import Territory
from flows.simulation.vintage import Vintage, area_vintage


@pytest.fixture(scope="module")
def placed(model_survey: Survey) -> Survey:
    return with_places(model_survey)


@pytest.fixture(scope="module")
def parameters(model_parameters: SimulationParameters) -> SimulationParameters:
    return with_geography(model_parameters)


@pytest.fixture(scope="module")
def society(placed: Survey, parameters: SimulationParameters) -> Society:
    return found_society(placed, parameters)


@pytest.fixture(scope="module")
def territory(society: Society) -> Territory:
    assert society.territory is not None
    return society.territory


@pytest.fixture(scope="module")
def now(society: Society, territory: Territory) -> Vintage:
    return area_vintage(territory, society.profiles, 2026)


@pytest.fixture(scope="module")
def before(society: Society, territory: Territory) -> Vintage:
    return area_vintage(territory, society.profiles, 2025)


@pytest.fixture(scope="module")
def sizes(placed: Survey, society: Society) -> np.ndarray:
    """The profile sizes of the last wave, which the truth of areas is about."""
    last = society.parameters.trend["w2026"].sizes
    shares = np.array([last[code] for code in society.profiles])
    return shares / shares.sum()


@pytest.fixture(scope="module")
def people(placed: Survey, society: Society, sizes: np.ndarray) -> People:
    return populate(placed, society, sizes, {}, 60_000, "test", {})


def test_areas_nest(now: Vintage) -> None:
    areas = now.areas
    assert areas["pc6"].is_unique
    assert areas["pc6"].str.fullmatch(r"[1-9]\d{3}[A-Z]{2}").all()
    assert areas["pc6"].is_monotonic_increasing
    for child, parent in (
        ("buurt", "wijk"),
        ("wijk", "municipality"),
        ("municipality", "province"),
    ):
        assert areas.groupby(child)[parent].nunique().max() == 1
    assert set(areas["municipality"]) == {"g01", "g02", "g03", "g04"}
    assert areas.groupby("municipality")["wijk"].nunique().to_list() == [2, 3, 4, 5]


def test_postcodes_keep_mostly_to_wijk_and_municipality(now: Vintage) -> None:
    pc4 = now.areas.assign(pc4=now.areas["pc6"].str[:4]).groupby("pc4")
    across = pc4["wijk"].nunique() > 1
    assert 0 < across.mean() < 0.5
    assert 1 <= (pc4["municipality"].nunique() > 1).sum() <= 2
    assert pc4["inhabitants"].sum().median() == pytest.approx(4000, rel=0.3)


def test_streets_of_every_kind(now: Vintage) -> None:
    areas = now.areas
    assert (areas["residents"] <= areas["inhabitants"]).all()
    assert areas["inhabitants"].mean() == pytest.approx(38, rel=0.1)
    nobody = areas["inhabitants"] == 0
    assert (nobody & (areas["addresses"] == 0)).any()
    assert (nobody & (areas["addresses"] > 1)).any()
    assert areas["inhabitants"].between(1, 4).sum() > 20
    assert (areas.loc[~nobody, "addresses"] > 0).all()


def test_municipalities_have_their_inhabitants(territory: Territory, now: Vintage) -> None:
    total = now.areas.groupby("municipality")["inhabitants"].sum()
    lost = np.bincount(
        territory.layout.municipality, territory.layout.inhabitants * territory.layout.gone
    )
    for i, place in enumerate(territory.layout.municipalities):
        assert total[place.code] + lost[i] == place.residents


def summed_independently(territory: Territory, year: int, variable: str) -> pd.DataFrame:
    """Counts per PC6 of a variable, added up in plain pandas from the counts per cell."""
    cells = territory.census.cells
    index = pd.MultiIndex.from_product(cells.levels, names=cells.variables)
    adults = territory.population(year)[0]
    parts = []
    for m in range(4):
        rows = territory.rows(m)
        table = pd.DataFrame(
            territory.counts(m, year, adults[rows]),
            index=territory.layout.pc6[rows],
            columns=index,
        )
        parts.append(table.T.groupby(level=variable, sort=False).sum().T)
    return pd.concat(parts)


@pytest.mark.parametrize("year", [2025, 2026])
def test_margins_are_sums_over_people(
    territory: Territory, now: Vintage, before: Vintage, year: int
) -> None:
    vintage = now if year == 2026 else before
    areas = vintage.areas.set_index("pc6")
    for variable, level in (("age2", "pc6"), ("age2", "wijk"), ("school3", "municipality")):
        own = summed_independently(territory, year, variable).loc[areas.index]
        assert (own.sum(axis=1) == areas["residents"]).all()
        group = areas.index if level == "pc6" else areas[level]
        wanted = own.groupby(group.to_numpy()).sum()
        given = vintage.counts[level].set_index(level)[[f"{variable}_{c}" for c in wanted]]
        assert (given.to_numpy() == wanted.loc[given.index].to_numpy()).all()
    assert "school3_laag" not in vintage.margins["pc6"]
    assert "sex2_m" not in vintage.margins["pc4"]


def test_published_counts_are_rounded_and_small_ones_secret(now: Vintage) -> None:
    counts, given = now.counts["pc6"].iloc[:, 1:], now.margins["pc6"].iloc[:, 1:]
    missing = (given == -99995).all(axis=1)
    assert 0.005 < missing.mean() < 0.04
    counts, given = counts[~missing].to_numpy(), given[~missing].to_numpy()
    assert ((given == -99997) == (counts < 5)).all()
    open_ = given != -99997
    assert (given[open_] % 5 == 0).all()
    assert np.abs(given[open_] - counts[open_]).max() == 2
    assert not (now.margins["municipality"].iloc[:, 1:] < 0).any(axis=None)


def test_truth_of_an_area_is_that_of_its_people(territory: Territory, now: Vintage) -> None:
    cells, layout = territory.census.cells, territory.layout
    truth = now.truth["pc6"].set_index("pc6")
    adults = territory.population(2026)[0]
    for m in (0, 3):
        rows = territory.rows(m)
        counts = territory.counts(m, 2026, adults[rows])
        for i in np.flatnonzero(counts.sum(axis=1))[::97]:
            shares = np.zeros(4)
            for c in range(cells.count):
                odds = territory.given[m, cells.concomitant[c]] * np.exp(
                    territory.residual[rows[i]]
                )
                shares += counts[i, c] * odds / odds.sum()
            row = truth.loc[layout.pc6[rows[i]]]
            assert row["residents"] == counts[i].sum()
            assert row.iloc[1:].to_numpy() == pytest.approx(shares / counts[i].sum(), abs=2e-6)
    nobody = truth["residents"] == 0
    assert truth[nobody].iloc[:, 1:].isna().all(axis=None)
    assert truth[~nobody].iloc[:, 1:].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-5)


def test_truth_adds_up_over_areas(now: Vintage) -> None:
    areas, finest = now.areas.set_index("pc6"), now.truth["pc6"].set_index("pc6")
    people = finest.iloc[:, 1:].mul(finest["residents"], axis=0).fillna(0)
    codes = {level: areas[level] for level in ("buurt", "wijk", "municipality", "province")}
    codes |= {"pc5": areas.index.str[:5], "pc4": areas.index.str[:4], "country": "NL"}
    for level, code in codes.items():
        group = np.broadcast_to(np.asarray(code, dtype=object), len(areas))
        residents = areas["residents"].groupby(group).sum()
        wanted = people.groupby(group).sum().div(residents, axis=0)
        given = now.truth[level].set_index(level)
        assert (given["residents"] == residents.loc[given.index]).all()
        inhabited = given["residents"] > 0
        assert given[inhabited].iloc[:, 1:].to_numpy() == pytest.approx(
            wanted.loc[given.index[inhabited]].to_numpy(), abs=2e-6
        )


def test_profiles_keep_their_sizes_in_the_country(now: Vintage, sizes: np.ndarray) -> None:
    assert now.truth["country"].iloc[0, 2:].to_numpy() == pytest.approx(sizes, abs=0.006)


def strayed(people: People, territory: Territory, truth: pd.DataFrame, width: int) -> float:
    """p-value of chi-square of the people's profiles against the truth of areas."""
    codes = territory.layout.pc6[people.home].astype(f"U{width}")
    expected = truth.set_index(truth.columns[0]).iloc[:, 1:]
    counted = pd.crosstab(codes, people.profile)
    fits = counted.sum(axis=1) >= 60
    counted = counted[fits]
    wanted = expected.loc[counted.index].to_numpy() * counted.sum(axis=1).to_numpy()[:, None]
    statistic = ((counted.to_numpy() - wanted) ** 2 / wanted).sum()
    assert len(counted) > 15
    return float(chi2.sf(statistic, counted.shape[0] * (counted.shape[1] - 1)))


def test_respondents_follow_the_truth_of_their_area(
    people: People, territory: Territory, society: Society, now: Vintage
) -> None:
    assert strayed(people, territory, now.truth["pc4"], 4) > 1e-3
    assert strayed(people, territory, now.truth["pc5"], 5) > 1e-3
    # Against a world without residuals the same people do not fit.
    flat = replace(territory, residual=np.zeros_like(territory.residual))
    other = area_vintage(flat, society.profiles, 2026)
    assert strayed(people, territory, other.truth["pc4"], 4) < 1e-9


def test_given_demographics_the_profile_follows_its_probabilities(
    people: People, territory: Territory, sizes: np.ndarray
) -> None:
    """Mean probabilities and drawn shares agree, in every municipality and overall."""
    assert people.expected.sum(axis=1) == pytest.approx(1)
    assert people.expected.mean(axis=0) == pytest.approx(sizes, abs=0.004)
    for m in range(4):
        here = people.municipality == m
        drawn = np.bincount(people.profile[here], minlength=4) / here.sum()
        wrong = 4 * np.sqrt(0.25 / here.sum())
        assert drawn == pytest.approx(people.expected[here].mean(axis=0), abs=wrong)


def test_homes_lie_in_the_municipality_and_fit_its_demographics(
    people: People, territory: Territory, now: Vintage
) -> None:
    assert (territory.layout.municipality[people.home] == people.municipality).all()
    residents = territory.population(2026)[0]
    assert (residents[people.home] > 0).all()
    old = pd.Series(people.answers["years"] >= 50)
    pc4 = territory.layout.pc6[people.home].astype("U4")
    asked = old.groupby(pc4).agg(["mean", "size"])
    counts = now.counts["pc4"].set_index("pc4")
    true = (counts["age2_oud"] / counts.sum(axis=1)).loc[asked.index]
    error = (asked["mean"] - true) / np.sqrt(true * (1 - true) / asked["size"])
    assert np.abs(error).max() < 4.5
    assert true.std() > 0.04


def test_a_geography_changes_no_other_draw(
    placed: Survey, parameters: SimulationParameters, society: Society
) -> None:
    plain = parameters.model_copy(update={"geography": None})
    first = populate(placed, society, society.sizes, {}, 4000, "one", {})
    second = populate(placed, found_society(placed, plain), society.sizes, {}, 4000, "one", {})
    assert (first.municipality == second.municipality).all()
    assert set(first.answers) - set(second.answers) == {"pc4"}
    for code, given in second.answers.items():
        assert (first.answers[code] == given).all()
    same = first.profile == second.profile
    assert 0.7 < same.mean() < 0.95
    assert (first.axes[same] == second.axes[same]).all()
    assert (second.home == -1).all()


def test_people_tell_their_postcode_and_some_are_wrong(
    people: People, territory: Territory
) -> None:
    told = people.answers["pc4"]
    assert ((told >= 1000) & (told <= 9999) & (told % 1 == 0)).all()
    true = territory.layout.pc4_code[territory.layout.pc4[people.home]]
    assert (told != true).mean() == pytest.approx(0.05, abs=0.005)


def association(vintage: Vintage, territory: Territory) -> float:
    """Mean chi-square per wijk of the log odds ratio of age and school against the average."""
    cells, layout = territory.census.cells, territory.layout
    old = cells.codes[0] == 1
    high = cells.codes[2] == 2
    adults = territory.population(2026)[0]
    ratios = []
    for m in range(4):
        rows = territory.rows(m)
        counts = territory.counts(m, 2026, adults[rows])
        for wijk in np.unique(layout.wijk[rows]):
            here = counts[layout.wijk[rows] == wijk].sum(axis=0)
            four = np.array([here[a & b].sum() for a in (old, ~old) for b in (high, ~high)])
            ratios.append((np.log(four) @ [1, -1, -1, 1], (1 / four).sum()))
    value, variance = np.array(ratios).T
    mean = (value / variance).sum() / (1 / variance).sum()
    return float(((value - mean) ** 2 / variance).mean())


def test_the_association_of_demographics_differs_by_wijk(
    placed: Survey, model_parameters: SimulationParameters, territory: Territory, now: Vintage
) -> None:
    assert association(now, territory) > 10
    even = with_geography(model_parameters, spread={"wijk_pairs": 0.0, "pc6_pairs": 0.0})
    flat = found_society(placed, even)
    assert flat.territory is not None
    vintage = area_vintage(flat.territory, flat.profiles, 2026)
    assert association(vintage, flat.territory) < 6


def test_streets_of_old_people_exist(territory: Territory, now: Vintage) -> None:
    counts = now.counts["pc6"].set_index("pc6")
    many = counts[counts["age2_oud"] + counts["age2_jong"] >= 15]
    share = many["age2_oud"] / (many["age2_oud"] + many["age2_jong"])
    old = np.isin(many.index, territory.layout.pc6[territory.layout.kind == 1])
    assert share[old].median() > share[~old].median() + 0.25


def test_the_vintages_differ_where_they_should(
    territory: Territory, now: Vintage, before: Vintage
) -> None:
    layout = territory.layout
    first, second = set(before.areas["pc6"]), set(now.areas["pc6"])
    assert second - first == set(layout.pc6[layout.new])
    assert first - second == set(layout.pc6[layout.gone])
    assert len(second - first) > 10
    assert len(first - second) >= 4
    assert set(before.areas["municipality"]) == {"g91", "g92", "g02", "g03", "g04"}
    both = before.areas.merge(now.areas, on="pc6")
    moved = both[both["municipality_x"] != both["municipality_y"]]
    assert set(moved["municipality_y"]) == {"g01"}
    assert set(moved["municipality_x"]) == {"g91", "g92"}
    assert (both["residents_x"] != both["residents_y"]).mean() > 0.3
    assert np.corrcoef(both["residents_x"], both["residents_y"])[0, 1] > 0.95
    counts = before.counts["pc6"].merge(now.counts["pc6"], on="pc6")
    assert np.corrcoef(counts["age2_oud_x"], counts["age2_oud_y"])[0, 1] > 0.9
    assert (counts["age2_oud_x"] != counts["age2_oud_y"]).mean() > 0.3
    names = before.names.set_index(["level", "area"])["name"]
    assert names["municipality", "g92"] == "Tweede"
    assert ("municipality", "g92") not in set(
        zip(now.names["level"], now.names["area"], strict=True)
    )
    named = {code for level, code in names.index if level == "buurt"}
    assert named == set(before.areas["buurt"])


def test_a_sample_of_residents_is_of_this_world(
    territory: Territory, society: Society, now: Vintage
) -> None:
    people = draw_residents(territory, society.profiles, 20_000, 2026)
    areas = now.areas.set_index("pc6")
    assert (areas.loc[people["pc6"], "municipality"].to_numpy() == people["municipality"]).all()
    # Nobody comes twice: no street gives more people than it has.
    drawn = people["pc6"].value_counts().reindex(areas.index, fill_value=0)
    assert (drawn <= areas["residents"]).all()
    share = people["municipality"].value_counts(normalize=True).sort_index()
    residents = areas.groupby("municipality")["residents"].sum()
    assert share.to_numpy() == pytest.approx(residents / residents.sum(), abs=0.015)
    school = people.groupby("municipality")["school3"].value_counts(normalize=True).unstack()
    counts = now.counts["municipality"].set_index("municipality").filter(like="school3_")
    wanted = counts.div(counts.sum(axis=1), axis=0)[[f"school3_{c}" for c in school]]
    assert school.to_numpy() == pytest.approx(wanted.to_numpy(), abs=0.035)
    truth = now.truth["pc4"].set_index("pc4").iloc[:, 1:]
    counted = pd.crosstab(people["pc4"], people["profile"])
    wanted = truth.loc[counted.index].to_numpy() * counted.sum(axis=1).to_numpy()[:, None]
    statistic = ((counted.to_numpy() - wanted) ** 2 / wanted).sum()
    assert chi2.sf(statistic, counted.shape[0] * (counted.shape[1] - 1)) > 1e-3
    with pytest.raises(SimulationError, match="a sample of 999999 cannot be drawn"):
        draw_residents(territory, society.profiles, 999_999, 2026)
    with pytest.raises(SimulationError, match="no figures of 2020"):
        draw_residents(territory, society.profiles, 10, 2020)

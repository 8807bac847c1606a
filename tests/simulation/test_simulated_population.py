"""The population meets its margins; those who take part do not; the trend is in the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.definitions.survey import Survey
from flows.simulation.chance import stream
from flows.simulation.errors import SimulationError
from flows.simulation.margins import level_of, population_margins
from flows.simulation.parameters import SimulationParameters
from flows.simulation.people import found_society, populate, trend_of
from flows.simulation.simulate import Simulation
from flows.simulation.traits import draw_traits


def test_population_margins_are_the_targets(simulation: Simulation) -> None:
    for fieldwork in simulation.fieldworks:
        margins = fieldwork.margins
        assert set(margins["margin"]) == {"agesex", "school3", "part"}
        assert (margins["share"] - margins["target"]).abs().max() < 0.002


def test_those_who_take_part_differ_from_the_population(simulation: Simulation) -> None:
    fieldwork = simulation.fieldwork("state", "w2026")
    margins = fieldwork.margins.set_index(["margin", "level"])["target"]
    high = fieldwork.file["school"].isin(["6", "7"]).mean()
    low = fieldwork.file["school"].isin(["1", "2", "3"]).mean()
    assert high > margins["school3", "hoog"] + 0.05
    assert low < margins["school3", "laag"] - 0.05
    sizes = fieldwork.profiles.set_index("profile")["size"]
    taking_part = fieldwork.truth["profile"].value_counts(normalize=True)
    assert taking_part["p1"] > sizes["p1"] + 0.04
    assert taking_part["p4"] < sizes["p4"] - 0.04


def test_background_hangs_together(
    model_survey: Survey, model_parameters: SimulationParameters
) -> None:
    traits = draw_traits(model_survey, model_parameters, 6000, stream(1, "test"))
    age, education, affluence = traits.places.T
    assert np.allclose(traits.places.mean(axis=0), 0, atol=1e-9)
    assert np.allclose(traits.places.std(axis=0), 1)
    assert np.corrcoef(age, education)[0, 1] < -0.1
    assert np.corrcoef(education, affluence)[0, 1] > 0.3
    regions = np.array([m.region for m in model_parameters.municipalities], dtype=object)
    assert (regions[traits.municipality] == traits.answers["part"]).all()


def test_profile_sizes_and_their_trend_are_in_the_truth(simulation: Simulation) -> None:
    before = simulation.fieldwork("state", "w2024").profiles.set_index("profile")
    after = simulation.fieldwork("state", "w2026").profiles.set_index("profile")
    assert before["size"].to_dict() == pytest.approx({"p1": 0.2, "p2": 0.3, "p3": 0.3, "p4": 0.2})
    assert after["size"]["p4"] == pytest.approx(4 / 12, abs=1e-4)
    assert (before["share"] - before["size"]).abs().max() < 0.02
    assert after["share"]["p4"] - before["share"]["p4"] > 0.1


def test_without_a_stated_trend_a_later_wave_changes_a_little(
    model_survey: Survey, model_parameters: SimulationParameters
) -> None:
    plain = model_parameters.model_copy(update={"trend": {}})
    society = found_society(model_survey, plain)
    first, still = trend_of(model_survey, plain, society, "w2024")
    second, shift = trend_of(model_survey, plain, society, "w2026")
    assert still == {}
    assert shift["trust"] < 0
    assert 0.005 < np.abs(second - first).max() < 0.12


def test_people_lie_around_their_prototype(
    model_survey: Survey, model_parameters: SimulationParameters
) -> None:
    society = found_society(model_survey, model_parameters)
    people = populate(model_survey, society, society.sizes, {}, 8000, "test", {"trust": 1.0})
    for k, profile in enumerate(model_survey.profiles.profiles):
        assert profile.prototype is not None
        own = people.axes[people.profile == k]
        assert own[:, 0].mean() == pytest.approx(profile.prototype.trust, abs=0.12)
        assert own[:, 1].mean() == pytest.approx(profile.prototype.engagement, abs=0.12)
    assert np.allclose(people.log_odds, people.axes[:, 0])
    assert people.expected.mean(axis=0) == pytest.approx(society.sizes, abs=1e-3)


def test_the_world_tells_its_composition(simulation: Simulation) -> None:
    composition = simulation.world.composition
    assert composition.groupby("municipality")["share"].sum().to_list() == pytest.approx(
        [1.0] * 4, abs=1e-3
    )
    assert simulation.world.about["simulated"] is True
    assert simulation.world.about["residents"] == 90_000


def test_a_panel_member_has_one_profile_everywhere(simulation: Simulation) -> None:
    register = simulation.fieldwork("panel", "register").truth
    theme = simulation.fieldwork("panel", "w2026_warmte").truth
    both = theme.merge(register.drop_duplicates("external_id"), on="external_id")
    assert len(both) > 1400
    assert (both["profile_x"] == both["profile_y"]).all()
    assert np.allclose(both["trust_x"], both["trust_y"])


def test_levels_of_derived_variables(model_survey: Survey) -> None:
    answers = {
        "sex": np.array(["m", "v", "x"], dtype=object),
        "years": np.array([20.0, 50.0, 70.0]),
        "school": np.array(["1", "5", "7"], dtype=object),
        "part": np.array(["1", "2", "2"], dtype=object),
    }
    questionnaire = model_survey.questionnaire
    assert level_of(questionnaire, "agesex", answers).tolist() == [0, 3, -1]
    assert level_of(questionnaire, "school3", answers).tolist() == [0, 1, 2]
    margins = population_margins(questionnaire, model_survey.weighting, answers)
    assert [margin.variable for margin in margins] == ["agesex", "school3", "part"]


def test_a_region_without_a_municipality_is_refused(
    model_survey: Survey, model_parameters: SimulationParameters
) -> None:
    only = model_parameters.model_copy(
        update={"municipalities": model_parameters.municipalities[:1]}
    )
    with pytest.raises(SimulationError, match="no municipality lies in region 1 of part"):
        draw_traits(model_survey, only, 500, stream(1, "test"))


def test_truth_has_a_row_per_row_of_the_file(simulation: Simulation) -> None:
    for fieldwork in simulation.fieldworks:
        assert len(fieldwork.truth) == len(fieldwork.file)
        given = fieldwork.file["nr"].replace("", pd.NA)
        known = given.notna()
        assert (given[known] == fieldwork.truth["external_id"][known]).all()

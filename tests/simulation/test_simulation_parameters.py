"""simulation.yaml is checked against its survey; everything wrong is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.definitions.errors import DefinitionError
from flows.definitions.survey import Survey
from flows.simulation.checks import check_request
from flows.simulation.errors import SimulationError
from flows.simulation.parameters import SimulationParameters, load_parameters
from flows.simulation.simulate import simulate


def with_changes(parameters: SimulationParameters, **changes: Any) -> SimulationParameters:
    return SimulationParameters.model_validate({**parameters.model_dump(), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"respondents": {"w1999": 10}}, "there is no wave w1999"),
        ({"demographics": {"age": "nope"}}, "age names the unknown question nope"),
        ({"sizes": {"p1": 1}}, "name every profile"),
        ({"trend": {"w2026": {"sizes": {"p9": 1}}}}, "must name every profile"),
        ({"questions": {"nope": {}}}, "no question or grid item nope"),
        ({"questions": {"part": {"options": {"7": {"share": 0.1}}}}}, "part has no option 7"),
        (
            {"questions": {"K03": {"arms_effect": {"question": "K03", "effects": {}}}}},
            "is no experiment",
        ),
        (
            {"municipalities": [{"code": "zz", "nl": "z", "region": "1", "residents": 5}]},
            "zz is no option of place",
        ),
    ],
)
def test_what_the_survey_does_not_have_is_refused(
    model_survey: Survey,
    model_parameters: SimulationParameters,
    changes: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(SimulationError, match=message):
        check_request(model_survey, with_changes(model_parameters, **changes))


def test_an_arm_moves_only_ordered_answers(
    theme_survey: Survey, theme_parameters: SimulationParameters
) -> None:
    effect = {"arms_effect": {"question": "stop", "effects": {"geld": 1.0}}}
    with pytest.raises(SimulationError, match="in no order"):
        check_request(theme_survey, with_changes(theme_parameters, questions={"arm": effect}))


def test_a_real_survey_is_never_simulated(
    model_survey: Survey, model_parameters: SimulationParameters
) -> None:
    real = model_survey.model_copy(
        update={"info": model_survey.info.model_copy(update={"simulated": False})}
    )
    with pytest.raises(SimulationError, match="not marked simulated"):
        check_request(real, model_parameters)


def test_more_respondents_than_members_is_refused(
    model_survey: Survey,
    theme_survey: Survey,
    model_parameters: SimulationParameters,
    theme_parameters: SimulationParameters,
) -> None:
    greedy = with_changes(theme_parameters, respondents={"register": 300, "w2026_warmte": 400})
    with pytest.raises(SimulationError, match="w2026_warmte wants 400 respondents"):
        simulate(model_survey, theme_survey, model_parameters, greedy)


def test_parameters_are_read_with_line_and_remedy(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="the file is missing"):
        load_parameters(tmp_path)
    (tmp_path / "simulation.yaml").write_text("seed: 1\nrespondents: {w1: 10}\nscater: 2\n")
    with pytest.raises(DefinitionError, match=r"simulation.yaml:3: scater: this key is unknown"):
        load_parameters(tmp_path)
    (tmp_path / "simulation.yaml").write_text("seed: 1\nrespondents: {w1: 10}\n")
    assert load_parameters(tmp_path).respondents == {"w1": 10}

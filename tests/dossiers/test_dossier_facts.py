"""The facts of a dossier follow from the survey definition and what the run counted."""

from datetime import date
from pathlib import Path

from flows.definitions import load_survey
from flows.dossiers.facts import (
    EditionFacts,
    ModelFacts,
    WeightFacts,
    facts_of,
    weighting_variables,
)


def test_facts_of_a_definition(surveys: Path) -> None:
    survey = load_survey(surveys / "staat_van_betrokkenheid")
    wave = survey.info.waves[-1]
    theme = wave.themes[0]
    variables = weighting_variables(survey)
    facts = facts_of(
        survey,
        wave.code,
        theme,
        read=100,
        kept=90,
        left_out={"speeder": 10, "no_answers": 0},
        weights=WeightFacts("raking", variables, 0.5, 2.0, 0.8, 80, 1.25),
        model=ModelFacts("1", "accepted", "own_answers", 10),
        edition=EditionFacts(1, date(2026, 11, 2)),
    )
    assert facts.simulated
    assert facts.concept
    assert [part.reason for part in facts.field.left_out] == ["speeder"]
    assert len(variables) == len(survey.weighting.margins)
    assert [profile.code for profile in facts.profiles] == list(survey.profiles.codes)
    short = {code for code, _ in facts.short_titles}
    grids = {q.code for q in survey.theme_questions(theme) if q.type == "grid"}
    assert short
    assert not short & grids
    assert facts.short_title("nothing") is None
    neutral = facts.without_edition()
    assert neutral.edition.number == 0
    assert neutral.edition.state == facts.edition.state

"""The two simulated surveys that ship: whole, bilingual, alike where they must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.definitions import Question, Questionnaire, QuestionType, Survey, check_survey
from flows.definitions import load_survey as load
from flows.definitions.models import Labelled, Text
from flows.definitions.questions import Dimension

SURVEYS = Path(__file__).parents[2] / "surveys"
STAAT, PANEL = "staat_van_betrokkenheid", "themapanel"
THEMES = ("energie", "leefomgeving", "veiligheid", "politiek")
PUBLIC = {"Idealistische Globalisten", "Gehaaste Gezinnen", "Bescheiden Grijzen"}
LONGEST_TITLE, LONGEST_OPTION, LONGEST_SHORT = 110, 55, 27
# People may be told apart by their answers, never called a profile.
NEVER = re.compile(
    r"\brepresentati(ef|eve|ve)\b|95%|(u bent|bent u|you are) an? |(u bent|bent u) een\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def surveys() -> dict[str, Survey]:
    return {code: load(SURVEYS / code) for code in (STAAT, PANEL)}


@pytest.fixture(scope="module", params=[STAAT, PANEL])
def survey(request: pytest.FixtureRequest, surveys: dict[str, Survey]) -> Survey:
    return surveys[request.param]


def core(survey: Survey, theme: str) -> tuple[Question, ...]:
    return survey.questionnaire.of_theme(theme)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every bilingual text in a definition, as (place, Dutch, English)."""
    if isinstance(value, Text | Labelled):
        yield path, value.nl, value.en
    if hasattr(value, "model_fields_set"):
        for name in type(value).model_fields:
            yield from texts(getattr(value, name), f"{path}.{name}")
        if hasattr(value, "nl") and not isinstance(value, Text | Labelled):
            yield path, value.nl, value.en
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, f"{path}.{key}")
    elif isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from texts(part, f"{path}[{getattr(part, 'code', i)}]")


@pytest.mark.parametrize("code", [STAAT, PANEL])
def test_no_faults(code: str) -> None:
    assert [str(fault) for fault in check_survey(SURVEYS / code)] == []


def test_every_text_has_both_languages(survey: Survey) -> None:
    lacking = [place for place, nl, en in texts(survey) if not nl.strip() or not en.strip()]
    assert lacking == []


def test_languages_are_not_copies(survey: Survey) -> None:
    """A forgotten translation shows as an English text equal to the Dutch one."""
    same = [
        question.code
        for question in survey.questionnaire.questions
        if question.text.nl == question.text.en
    ]
    assert same == []


def test_texts_say_nothing_forbidden(survey: Survey) -> None:
    found = [(p, nl) for p, nl, en in texts(survey) if NEVER.search(nl) or NEVER.search(en)]
    assert found == []


def test_texts_fit_the_sheets(survey: Survey) -> None:
    long: list[tuple[str, str]] = []
    for question in survey.questionnaire.questions:
        assert question.short is not None, question.code
        for language in ("nl", "en"):
            titles = [question.text[language], *(item.label[language] for item in question.items)]
            long += [(question.code, t) for t in titles if len(t) > LONGEST_TITLE]
            labels = [option.label[language] for option in question.options]
            labels += [net.label[language] for net in question.nets]
            labels += [row.label[language] for row in (*question.scores, *question.bands)]
            long += [(question.code, t) for t in labels if len(t) > LONGEST_OPTION]
            if len(question.short[language]) > LONGEST_SHORT:
                long.append((question.code, question.short[language]))
    assert long == []


def test_labels_within_a_question_differ(survey: Survey) -> None:
    for question in survey.questionnaire.questions:
        for language in ("nl", "en"):
            rows = [option.label[language] for option in question.options]
            rows += [net.label[language] for net in question.nets]
            rows += [row.label[language] for row in (*question.scores, *question.bands)]
            assert len(rows) == len(set(rows)), question.code
            items = [item.label[language] for item in question.items]
            assert len(items) == len(set(items)), question.code


def test_short_texts_differ_within_a_dossier(survey: Survey) -> None:
    for theme in survey.dossier.themes:
        for language in ("nl", "en"):
            shorts = [question.label[language] for question in core(survey, theme.code)]
            assert len(shorts) == len(set(shorts)), theme.code


def test_number_of_core_questions(surveys: dict[str, Survey]) -> None:
    assert 25 <= len(core(surveys[STAAT], "betrokkenheid")) <= 35


@pytest.mark.parametrize("theme", THEMES)
def test_number_of_theme_questions(surveys: dict[str, Survey], theme: str) -> None:
    assert 12 <= len(core(surveys[PANEL], theme)) <= 15


@pytest.mark.parametrize("theme", THEMES)
def test_every_dimension_in_every_theme(surveys: dict[str, Survey], theme: str) -> None:
    wanted = {
        Dimension.ATTITUDE,
        Dimension.BEHAVIOUR,
        Dimension.MOTIVE,
        Dimension.BARRIER,
        Dimension.CHANNEL,
        Dimension.PARTICIPATION,
    }
    assert wanted <= {question.dimension for question in core(surveys[PANEL], theme)}


def test_core_covers_the_four_characteristics(surveys: dict[str, Survey]) -> None:
    found = {question.dimension for question in core(surveys[STAAT], "betrokkenheid")}
    assert {
        Dimension.TRUST,
        Dimension.ENGAGEMENT,
        Dimension.PARTICIPATION,
        Dimension.CHANNEL,
        Dimension.MOTIVE,
        Dimension.BARRIER,
    } <= found


def test_the_panel_shows_what_can_be_declared(surveys: dict[str, Survey]) -> None:
    """A new survey is written by looking at these: every kind of row is there once."""
    panel = surveys[PANEL]
    questions = panel.questionnaire.questions
    (ranking,) = (q for q in questions if q.type is QuestionType.RANKING)
    assert ranking.coded
    assert ranking.top == 2
    (experiment,) = (q for q in questions if q.type is QuestionType.EXPERIMENT)
    assert experiment.outcomes == ("E13",)
    assert experiment.reference_arm == "geen"
    assert any(q.bands and "median" in q.shown_statistics for q in questions)
    assert any(q.scores for q in questions)
    assert any(net.top for q in questions for net in q.nets)
    assert sum(q.overview for q in questions) == 2
    axes = {axis for t in panel.dossier.themes for table in t.tables for axis in table.banner}
    assert axes == {("age6",)}


def test_dossiers_hold_every_question_once(survey: Survey) -> None:
    for theme in survey.dossier.themes:
        planned = [question.code for question in survey.theme_questions(theme.code)]
        assert sorted(planned) == sorted(question.code for question in core(survey, theme.code))
        assert len(planned) == len(set(planned))


def test_dossier_roles_fit_their_questions(survey: Survey) -> None:
    columns = {column.name: column.question for column in survey.questionnaire.columns()}
    questions = {question.code: question for question in survey.questionnaire.questions}
    for theme in survey.dossier.themes:
        known = columns | questions
        stance, willing = known[theme.stance or ""], known[theme.willingness or ""]
        assert stance.headline is not None
        assert willing.headline is not None
        for role, dimension in (
            (theme.motives, Dimension.MOTIVE),
            (theme.barriers, Dimension.BARRIER),
            (theme.channels, Dimension.CHANNEL),
        ):
            question = questions[role or ""]
            assert question.dimension is dimension
            assert question.type is QuestionType.MULTIPLE
            assert question.theme == theme.code


def test_golden_questions_are_the_same_in_both(surveys: dict[str, Survey]) -> None:
    staat, panel = surveys[STAAT], surveys[PANEL]
    assert staat.profiles.golden == panel.profiles.golden
    assert len(staat.profiles.golden) == 10
    for code in staat.profiles.golden:
        a, b = staat.questionnaire.question(code), panel.questionnaire.question(code)
        for key in ("text", "short", "type", "options", "items", "nets", "direction", "special"):
            assert getattr(a, key) == getattr(b, key), f"{code}.{key}"
        assert a.theme == "betrokkenheid"
        assert not a.items
        assert b.waves == ("register",)


def test_background_is_the_same_in_both(surveys: dict[str, Survey]) -> None:
    staat, panel = surveys[STAAT].questionnaire, surveys[PANEL].questionnaire
    background = [q.code for q in staat.questions if q.dimension is Dimension.DEMOGRAPHIC]
    assert background == [f"B{i:02}" for i in range(1, 10)]
    for code in background:
        a, b = staat.question(code), panel.question(code)
        assert a.model_copy(update={"waves": b.waves}) == b
        assert (a.theme, b.waves) == (None, ("register",))
    assert staat.derived == panel.derived
    assert surveys[STAAT].weighting == surveys[PANEL].weighting


def test_theme_waves_ask_their_theme_only(surveys: dict[str, Survey]) -> None:
    panel = surveys[PANEL]
    for theme in THEMES:
        wave = panel.wave(f"w2026_{theme}")
        asked = {q.theme for q in panel.questionnaire.questions if q.asked_in(wave.code)}
        assert asked == {theme}
        assert wave.themes == (theme,)
        assert wave.background_from == "register"
        assert wave.model == panel.profiles.version
    asked = {q.theme for q in panel.questionnaire.questions if q.asked_in("register")}
    assert asked == {None}


def test_bases_are_asked_before_in_the_same_wave(survey: Survey) -> None:
    order = [question.code for question in survey.questionnaire.questions]
    based = [q for q in survey.questionnaire.questions if q.base is not None]
    assert based
    for question in based:
        assert question.base is not None
        source = survey.questionnaire.question(question.base.question)
        assert order.index(source.code) < order.index(question.code)
        assert source.waves == question.waves
        missing = {o.code for o in source.options if o.missing is not None}
        assert not missing & set(question.base.options)


def test_the_traps_are_there(surveys: dict[str, Survey]) -> None:
    agree = surveys[STAAT].questionnaire.question("G05")
    assert [o.score for o in agree.options] == [5, 4, 3, 2, 1, None]
    mark = surveys[STAAT].questionnaire.question("T04")
    assert mark.options[-1].code == "11"
    assert mark.options[-1].score is None
    assert mark.headline == "mean"
    ladder = surveys[STAAT].questionnaire.question("G08")
    assert [o.source_codes[0] for o in ladder.substantive] == ["5", "1", "2", "3", "4"]
    lower = surveys[PANEL].questionnaire.question("V02")
    assert lower.direction == "lower"
    assert lower.options[0].score == 1
    renamed = surveys[STAAT].questionnaire.columns()
    named = {c.name: (c.source("w2024"), c.source("w2026")) for c in renamed}
    assert named["T01_a"] == ("V3_a", "T01_a")
    assert named["L04_sport"] == ("L4_1", "L4_1")


def test_source_columns_are_unique_in_every_wave(survey: Survey) -> None:
    for wave in survey.info.waves:
        source = wave.sources[0]
        names = [c.source(wave.code) for c in survey.questionnaire.columns(wave.code)]
        names += [n for n in (source.id, source.duration, source.progress, source.completed) if n]
        assert len(names) == len(set(names))


def test_last_and_exclusive_answers_close_the_list(survey: Survey) -> None:
    for question in survey.questionnaire.questions:
        if question.type is not QuestionType.MULTIPLE:
            continue
        last = [option.last for option in question.options]
        assert last == sorted(last), question.code
        for option in question.options:
            assert option.last or not option.exclusive, question.code


def test_scales_with_values_rise_with_the_direction(survey: Survey) -> None:
    """`direction` speaks of scores: the first option of a `lower` scale has the lowest."""
    for question in survey.questionnaire.questions:
        scores = [option.score for option in question.substantive]
        if question.direction == "none" or any(score is None for score in scores):
            continue
        if question.direction == "lower":
            assert scores == sorted(scores), question.code
            assert all(option.value is None for option in question.options), question.code
        assert len(scores) == len(set(scores)), question.code


def test_model_items_are_in_balance(surveys: dict[str, Survey]) -> None:
    """Person-centring must not take trust or engagement away with the tendency to agree."""
    from flows.simulation.parameters import load_parameters

    staat = surveys[STAAT]
    parameters = load_parameters(SURVEYS / STAAT)
    names = [
        column.name
        for column in staat.questionnaire.columns()
        if column.question.code in staat.profiles.items
    ]
    assert 22 <= len(names) <= 30
    assert set(staat.profiles.golden) <= set(staat.profiles.items)
    loadings = [parameters.questions[name].loadings or {} for name in names]
    for axis in ("trust", "engagement"):
        signed = np.array([entry.get(axis, 0.0) for entry in loadings])
        assert abs(signed.sum()) < 0.35 * np.abs(signed).sum(), axis
        assert (signed < 0).sum() >= 4


def test_reversed_items_load_negatively(survey: Survey) -> None:
    from flows.simulation.parameters import load_parameters

    parameters = load_parameters(SURVEYS / survey.code)
    for question in survey.questionnaire.questions:
        if question.dimension not in (Dimension.TRUST, Dimension.ENGAGEMENT):
            continue
        for item in question.items:
            loadings = parameters.questions[f"{question.code}_{item.code}"].loadings or {}
            main = max(loadings.values(), key=abs)
            assert (main < 0) == item.reverse, f"{question.code}_{item.code}"


def test_every_question_is_simulated_on_purpose(survey: Survey) -> None:
    """No question of a dossier falls back on a seeded default."""
    from flows.simulation.checks import check_request
    from flows.simulation.parameters import load_parameters

    parameters = load_parameters(SURVEYS / survey.code)
    check_request(survey, parameters)
    for column in survey.questionnaire.columns():
        question = column.question
        if question.theme is None:
            continue
        entry = parameters.questions.get(column.name) or parameters.questions.get(question.code)
        assert entry is not None, column.name
        if entry.options:
            stated = set(entry.options)
            assert {option.code for option in question.substantive} <= stated, question.code


def test_profiles_are_the_same_in_both(surveys: dict[str, Survey]) -> None:
    staat, panel = surveys[STAAT].profiles, surveys[PANEL].profiles
    assert staat.profiles == panel.profiles
    assert (staat.version, staat.valid_from) == (panel.version, panel.valid_from)
    assert staat.concomitants == panel.concomitants
    assert panel.items == ()


def test_profiles_have_names_aliases_and_far_prototypes(surveys: dict[str, Survey]) -> None:
    profiles = surveys[STAAT].profiles.profiles
    assert len(profiles) == 8
    assert {profile.nl for profile in profiles if profile.public} == PUBLIC
    assert len({profile.alias.nl for profile in profiles}) == 8
    for profile in profiles:
        assert profile.description is not None
        assert profile.public or profile.description.nl.startswith("Werknaam.")
        assert profile.public or profile.description.en.startswith("Working name.")
    places = [list(p.prototype.places().values()) for p in profiles if p.prototype is not None]
    distances = [float(np.linalg.norm(np.subtract(a, b))) for a, b in combinations(places, 2)]
    assert len(places) == 8
    assert min(distances) > 1.0


def test_axes_need_no_turning(surveys: dict[str, Survey]) -> None:
    """Axes name single questions whose score rises with the axis, or are listed as reverse."""
    plan, questionnaire = surveys[STAAT].profiles, surveys[STAAT].questionnaire
    assert set(plan.axes) == {"trust", "engagement", "age", "education", "affluence"}
    for axis in plan.axes.values():
        for code in (*axis.of, *axis.reverse):
            question = questionnaire.question(code)
            assert question.type is QuestionType.NUMBER or question.direction == "higher"
            assert not any(item.reverse for item in question.items)


def test_weighting_targets_are_the_national_figures(survey: Survey) -> None:
    margins = {margin.variable: margin for margin in survey.weighting.margins}
    assert set(margins) == {"agesex", "edu3", "B05"}
    agesex = margins["agesex"].targets
    assert len(agesex) == 12
    total = sum(agesex.values())
    assert 14.0e6 < total < 14.6e6
    women = sum(target for code, target in agesex.items() if code.endswith("_v"))
    assert 0.50 < women / total < 0.52
    assert [margin.approximate for margin in margins.values()] == [False, True, False]
    for margin in margins.values():
        assert "CBS" in margin.source.nl
    assert margins["edu3"].targets == {"low": 0.26, "middle": 0.38, "high": 0.36}


def test_targets_of_age_and_sex_follow_from_the_register(shared_dir: Path, survey: Survey) -> None:
    """18 and 19 are two fifths of 15-19; the file's figures are rounded to 5 per postcode."""
    import pandas as pd

    counts = (
        pd.read_csv(shared_dir / "data/cbs/cbs_pc4_leeftijd_geslacht_2021.csv")
        .groupby("leeftijd")[["inwoners_man", "inwoners_vrouw"]]
        .sum()
    )
    counts.columns = ["m", "v"]
    starts = {age: int(re.match(r"\d+", age).group()) for age in counts.index}  # type: ignore[union-attr]
    target = next(m.targets for m in survey.weighting.margins if m.variable == "agesex")
    bands = [(20, 24), (25, 34), (35, 44), (45, 54), (55, 64), (65, 110)]
    for sex in ("m", "v"):
        for i, (low, high) in enumerate(bands, start=1):
            ages = [age for age, start in starts.items() if low <= start <= high]
            expected = counts.loc[ages, sex].sum()
            expected += 0.4 * counts.loc["15-19", sex] if i == 1 else 0
            assert target[f"a{i}_{sex}"] == pytest.approx(expected, abs=1)


def test_regions_of_the_fictional_world_have_real_sizes(surveys: dict[str, Survey]) -> None:
    from flows.simulation.parameters import load_parameters

    world = load_parameters(SURVEYS / STAAT).municipalities
    assert len(world) == 12
    total = sum(place.residents for place in world)
    region = next(m for m in surveys[STAAT].weighting.margins if m.variable == "B05")
    for code, share in region.targets.items():
        here = sum(place.residents for place in world if place.region == code)
        assert here / total == pytest.approx(share, abs=0.01)
    options = surveys[STAAT].questionnaire.question("B08").options
    assert [(o.code, o.nl) for o in options] == [(place.code, place.nl) for place in world]
    assert load_parameters(SURVEYS / PANEL).municipalities == ()


def test_one_experiment_and_it_moves_its_follow_up(surveys: dict[str, Survey]) -> None:
    from flows.simulation.parameters import load_parameters

    panel: Questionnaire = surveys[PANEL].questionnaire
    experiments = [q for q in panel.questions if q.type is QuestionType.EXPERIMENT]
    assert [q.theme for q in experiments] == ["energie"]
    effect = load_parameters(SURVEYS / PANEL).questions[experiments[0].code].arms_effect
    assert effect is not None
    codes = [q.code for q in panel.questions]
    assert codes.index(effect.question) == codes.index(experiments[0].code) + 1
    assert set(effect.effects) == {o.code for o in experiments[0].options}


def test_simulated_and_said_so(survey: Survey) -> None:
    assert survey.info.simulated
    assert survey.dossier.contact.nl == "dossiers@voorbeeld.nl"
    assert survey.dossier.publisher.nl == "Onderzoeksbureau Voorbeeld"

"""The portraits page: its sentences, its files, and the command that writes them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flows.crosstabs.portraits import Portrait, Trait, TraitGroup
from flows.crosstabs.tables import Cell, Flag, Identity, ProfileSize, Row, Verdict
from flows.definitions import Survey, load_survey
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.profile_plan import Axis, Profile, ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.definitions.weighting_plan import Margin, WeightingPlan
from flows.dossiers.facts import ProfileFacts
from flows.dossiers.lint import _CLIENT_WORDS_NL, _NEVER
from flows.dossiers.portrait_pages import (
    COLUMNS,
    MOST_DIFFERS,
    PortraitFacts,
    portrait_page,
    portraits_frame,
    portraits_json,
    sentence,
)
from flows.dossiers.portrait_texts import EN, NL
from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles.fit import fit_profiles
from flows.store import NewBatch
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.scheme import weigh, weighting_frame
from flows.workbench import profile_portraits
from flows.workbench.profile_portraits import write_portraits

GREYS = ProfileFacts(
    code="g",
    label=Text(nl="Bescheiden Grijzen", en="Modest Greys"),
    alias=Text(nl="Profiel C", en="Profile C"),
    description=Text(nl="Leest <graag> op papier.", en="Likes to read."),
)
THIRD = ProfileFacts(code="p3", label=Text(nl="Profiel 3"), alias=Text(nl="Profiel 3"))
FACTS = PortraitFacts(
    survey="s",
    title=Text(nl="Proef & co", en="Trial & co"),
    wave="w1",
    period=Text(nl="maart 2026", en="March 2026"),
    frame=Text(nl="een panel", en="a panel"),
    selection=Text(nl="loting uit het panel", en="drawn from the panel"),
    coverage=Text(nl="Wie weinig leest ontbreekt.", en="Who reads little is absent."),
    publisher=Text(nl="Bureau", en="Bureau"),
    contact=Text(nl="a@b.nl", en="a@b.nl"),
    usage=Text(nl="Noem de bron.", en="Name the source."),
    profiles=(GREYS, THIRD),
    publication=Publication(),
    model="m1",
    respondents=2848,
    shorts=(("age6", Text(nl="Leeftijd", en="Age")),),
)


def trait(
    text: Text,
    label: Text,
    own: Cell,
    *,
    number: str = "Q1",
    item: str | None = None,
    kind: Any = "net",
    multiple: bool = False,
    verdict: Verdict = Verdict.HIGHER,
    everybody: float = 0.57,
    strength: float = 0.1,
) -> Trait:
    identity = Identity(
        number=number, question=number, item=item, theme="portraits", dimension="attitude",
        type="single", text=text, question_text=Text(nl="Wat vindt u?", en="What do you think?"),
        base_text=None, special="none", multiple=multiple, headline=None, model_item=False,
    )  # fmt: skip
    row = Row("r", label, kind)
    return Trait(identity, row, own, Cell(everybody), 343, verdict, strength)


STATEMENT = trait(
    Text(nl="Mijn gemeente luistert.", en="My municipality listens."),
    Text(nl="(helemaal) eens", en="(strongly) agree"),
    Cell(0.69, 0.66, 0.72),
)


@pytest.mark.parametrize(
    ("told", "nl", "en"),
    [
        (
            STATEMENT,
            "Van de Bescheiden Grijzen is 69% het (helemaal) eens met: Mijn gemeente luistert. "
            "Van alle deelnemers is dat 57%.",
            "Of the Modest Greys 69% (strongly) agree with: My municipality listens. "
            "Of all participants 57% do.",
        ),
        (
            trait(Text(nl="Doet u mee?"), Text(nl="ja"), Cell(0.2, flag=Flag.INDICATIVE)),
            "Doet u mee? Van de Bescheiden Grijzen antwoordt circa 20% 'ja'. "
            "Van alle deelnemers is dat 57%.",
            "Doet u mee? Of the Modest Greys, about 20% answer 'ja'. Of all participants this "
            "is 57%.",
        ),
        (
            trait(
                Text(nl="Leeftijd in zes groepen"), Text(nl="65 of ouder"), Cell(0.9),
                number="age6", kind="answer",
            ),
            "Leeftijd: bij 90% van de Bescheiden Grijzen is dit '65 of ouder'. Bij alle "
            "deelnemers is dat 57%.",
            "Age: for 90% of the Modest Greys this is '65 of ouder'. For all participants it is "
            "57%.",
        ),
        (
            trait(Text(nl="Welk cijfer?"), Text(nl="Gemiddelde"), Cell(6.8), kind="mean",
                  everybody=6.2),
            "Welk cijfer? Het gemiddelde van de Bescheiden Grijzen is 6,8. Van alle deelnemers "
            "is dat 6,2.",
            "Welk cijfer? The mean of the Modest Greys is 6.8. Of all participants it is 6.2.",
        ),
        (
            trait(Text(nl="Hoe? Kies er drie."), Text(nl="brief"), Cell(0.3), multiple=True),
            "Hoe? Van de Bescheiden Grijzen noemt 30% 'brief'. Van alle deelnemers is dat 57%.",
            "Hoe? Of the Modest Greys, 30% mention 'brief'. Of all participants this is 57%.",
        ),
        (
            trait(Text(nl="De krant"), Text(nl="elke week"), Cell(0.3), item="a"),
            "De krant: van de Bescheiden Grijzen antwoordt 30% 'elke week'. Van alle deelnemers "
            "is dat 57%.",
            "De krant: of the Modest Greys, 30% answer 'elke week'. Of all participants this is "
            "57%.",
        ),
    ],
)  # fmt: skip
def test_a_trait_reads_as_a_sentence(told: Trait, nl: str, en: str) -> None:
    assert sentence(told, GREYS, FACTS, "nl") == nl
    assert sentence(told, GREYS, FACTS, "en") == en


def test_a_profile_without_a_name_has_no_article() -> None:
    assert sentence(STATEMENT, THIRD, FACTS, "nl").startswith("Van Profiel 3 is 69% het")


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_the_wording_is_complete_and_without_jargon() -> None:
    assert set(NL) == set(EN)
    for key in NL:
        assert blanks(NL[key]) == blanks(EN[key]), key
        assert not _CLIENT_WORDS_NL.search(NL[key]), key
        assert not _NEVER.search(NL[key] + EN[key]), key
        assert not re.search("[‘’“”–—]", NL[key] + EN[key]), key


PORTRAITS = (
    Portrait(
        "g",
        ProfileSize("g", 343, 0.13, 0.12, 0.14),
        (TraitGroup("attitude", (replace(STATEMENT, verdict=Verdict.NONE),)),),
        (
            TraitGroup(
                "attitude",
                tuple(
                    trait(
                        Text(nl=f"Stelling {i}?"), Text(nl="ja"), Cell(0.5, 0.4, 0.6),
                        number=f"S{i}", verdict=Verdict.LOWER,
                    )
                    for i in range(MOST_DIFFERS + 2)
                ),
            ),
        ),
    ),
    Portrait("p3", ProfileSize("p3", 0, None, None, None), (), ()),
)  # fmt: skip


def test_the_page_has_a_card_a_profile_in_both_languages() -> None:
    for language, other in (("nl", "portraits.en.html"), ("en", "portraits.html")):
        page = portrait_page(PORTRAITS, FACTS, language, other=other)
        assert f'<html lang="{language}">' in page
        assert f'href="{other}"' in page
        assert page.count("<article") == 2
        assert "http" not in page
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for label in re.findall(r'aria-labelledby="([^"]+)"', page):
            assert label in ids
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert levels[0] == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))
    page = portrait_page(PORTRAITS, FACTS, "nl")
    assert "Leest &lt;graag&gt; op papier." in page
    assert "Neutrale naam: Profiel C" in page
    assert page.count("Neutrale naam") == 1
    assert (
        "13% van alle deelnemers, gewogen (waarschijnlijk tussen 12% en 14%). 343 deelnemers."
        in page
    )
    assert page.count("▼ lager dan alle anderen") == MOST_DIFFERS
    assert f"Alle {MOST_DIFFERS + 2} verschillen staan in portraits.csv." in page
    assert NL["size_hidden"] in page
    assert NL["differs_none"] in page
    made = page.split(NL["made_of"])[1].split(NL["differs"])[0]
    assert "▲" not in made
    assert "▼" not in made
    assert 'width="69.0%"' in made
    assert "Loting uit het panel." in page


def test_the_page_says_what_it_is() -> None:
    plain = portrait_page(PORTRAITS, replace(FACTS, concept=False), "nl")
    assert "CONCEPT" not in plain
    assert NL["unsteady"] not in plain
    told = portrait_page(
        PORTRAITS,
        replace(FACTS, steady=False, simulated=True, research_exercise=True),
        "nl",
    )
    assert NL["unsteady"] in told
    for line in ("VOORBEELD - gesimuleerd", "OEFENING met bestaande", "CONCEPT: nog niet"):
        assert told.count(line) == 1 + len(PORTRAITS)


def test_files_hold_every_trait() -> None:
    frame = portraits_frame(PORTRAITS, FACTS)
    assert tuple(frame.columns) == COLUMNS
    assert list(frame["part"]) == ["made_of"] + ["differs"] * (MOST_DIFFERS + 2)
    assert list(frame["rank"]) == [1, *range(1, MOST_DIFFERS + 3)]
    assert set(frame["basis"]) == {"measured"}
    data = json.loads(json.dumps(portraits_json(PORTRAITS, FACTS)))
    first = data["profiles"][0]
    assert (first["share"], first["n"]) == (0.13, 343)
    assert first["made_of"][0]["traits"][0]["sentence"]["nl"].startswith("Van de Bescheiden")
    assert "strength" not in json.dumps(data)


# ------------------------------------------------------------------------------ the edge

WAVE, PEOPLE = "w2026", 600
AGREE = (Option(code="1", nl="nee"), Option(code="2", nl="iets"), Option(code="3", nl="ja"))


def small_survey(folder: Path) -> Survey:
    """A survey of six items, two demographics and one question that profiles do not rest on."""

    def asked(code: str, dimension: Dimension, options: tuple[Option, ...]) -> Question:
        return Question(
            code=code, dimension=dimension, type=QuestionType.SINGLE, text=f"Vraag {code}?",
            options=options, headline=options[-1].code, direction="higher",
        )  # fmt: skip

    items = tuple(f"I{i}" for i in range(6))
    levels = tuple(Option(code=code, nl=code) for code in ("a", "b"))
    questionnaire = Questionnaire(
        questions=(
            *(asked(code, Dimension.TRUST, AGREE) for code in items),
            asked("edu", Dimension.DEMOGRAPHIC, levels),
            asked("town", Dimension.DEMOGRAPHIC, levels),
            asked("X", Dimension.CHANNEL, AGREE),
        )
    )
    plan = ProfilePlan(
        version="t1",
        valid_from=date(2026, 1, 1),
        seed=3,
        starts=1,
        bootstrap=1,
        factors=2,
        items=items,
        concomitants=("edu",),
        axes={"trust": Axis(of=items)},
        profiles=(
            Profile(code="p1", nl="Eerste Groep", alias="Profiel A", description=Text(nl="Eén.")),
            Profile(code="p2", nl="Tweede Groep", alias="Profiel B"),
        ),
    )
    margin = Margin(
        variable="edu", targets={"a": 0.5, "b": 0.5}, source=Text(nl="x"),
        reference_date=date(2026, 1, 1),
    )  # fmt: skip
    return load_survey(folder).model_copy(
        update={
            "questionnaire": questionnaire,
            "profiles": plan,
            "weighting": WeightingPlan(margins=(margin,)),
        }
    )


def answers() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    group = rng.random(PEOPLE) < 0.5
    place = np.where(group, 1.0, -1.0)

    def coded(values: np.ndarray, codes: tuple[str, ...]) -> pd.Categorical:
        return pd.Categorical.from_codes(values, [*codes, *MISSING_CODES])

    data: dict[str, Any] = {
        "respondent": [f"r{i:04d}" for i in range(PEOPLE)],
        "status": "kept",
        "duration": 10.0,
        "progress": 100.0,
        "completed": "2026-02-01",
    }
    for i in range(6):
        data[f"I{i}"] = coded(
            np.digitize(rng.normal(place, 0.8), [-0.5, 0.5]), tuple(o.code for o in AGREE)
        )
    data["edu"] = coded((rng.random(PEOPLE) < 0.5).astype(int), ("a", "b"))
    data["town"] = coded(group.astype(int), ("a", "b"))
    data["X"] = coded(np.digitize(rng.normal(place, 0.8), [-0.5, 0.5]), ("1", "2", "3"))
    return pd.DataFrame(data)


@pytest.fixture
def survey(home: Path, surveys: Path, monkeypatch: pytest.MonkeyPatch) -> Survey:
    """The small survey with answers, weights, a model and profiles in the store."""
    survey = small_survey(surveys / "staat_van_betrokkenheid")
    monkeypatch.setattr(profile_portraits, "load_survey", lambda _: survey)
    frame = answers()
    new = NewBatch(
        survey=survey.code, wave=WAVE, source="panel", source_sha256="1" * 64,
        reading_sha256="r" * 64,
    )  # fmt: skip
    with open_store() as store:
        store.add_batch(
            new, frame, pd.DataFrame(columns=["respondent", "rule", "column", "value"]), {}
        )
        margins = weighting_frame(frame, survey.questionnaire, survey.weighting)
        weights = weigh(margins, survey.weighting)
        store.add_weighting(
            survey.code,
            WAVE,
            "w" * 64,
            pd.DataFrame({"respondent": frame["respondent"], "weight": weights.weights}),
            weighting_summary(weights, survey.weighting, margins, seconds=0.1),
        )
        model = fit_profiles(frame, survey.questionnaire, survey.profiles, weights.weights)
        p = model.probabilities(*model.read(frame, survey.questionnaire))
        record = store.add_model(
            survey.code, "t1", "draft", "i" * 64,
            {"model": model.to_dict(), "typing": None, "fitted_on": None},
            {"stability": {"median_ari": 0.34, "p10_ari": 0.29, "replicates": 1}},
        )  # fmt: skip
        labels = np.array(model.codes, dtype=object)[p.argmax(axis=1)]
        typed = pd.DataFrame({"respondent": frame["respondent"], "profile": labels})
        for k, code in enumerate(model.codes):
            typed[f"p_{code}"] = p[:, k]
        store.add_typing(survey.code, WAVE, record.id, "t" * 64, typed, {})
    return survey


def test_portraits_are_written_from_the_store(survey: Survey, home: Path) -> None:
    done = write_portraits(Path("surveys/x"), WAVE)
    folder = home / "outputs" / survey.code / "reports" / WAVE
    assert sorted(path.name for path in folder.iterdir()) == [
        "portraits.csv", "portraits.en.html", "portraits.html", "portraits.json",
    ]  # fmt: skip
    assert done.lines[0].startswith("Portraits of 2 profiles, from")
    assert any("not steady" in line for line in done.lines)
    assert any("1 of 2 profiles have no description" in line for line in done.lines)
    assert done.lines[-1].startswith("Next: themadossier profiles accept")
    assert len(done.lines) <= 5
    table = pd.read_csv(folder / "portraits.csv")
    assert set(table["profile"]) == {"p1", "p2"}
    assert set(table.loc[table["part"] == "made_of", "question"]) <= {f"I{i}" for i in range(6)} | {
        "edu"
    }
    with_x = table[(table["question"] == "X") & (table["profile"] == "p2")].iloc[0]
    frame = answers()
    with open_store() as store:
        weight = store.read_weighting(store.current_weighting(survey.code, WAVE).id)
        typed = store.read_typing(store.current_typing(survey.code, WAVE).id)
    inside = (typed["profile"] == "p2").to_numpy()
    yes = (frame["X"].astype(str) == str(with_x["answer"])).to_numpy()
    share = np.average(yes[inside], weights=weight["weight"][inside])
    assert with_x["value"] == pytest.approx(share, abs=0.005 + 1e-9)
    assert with_x["n"] == inside.sum()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_portraits(Path("surveys/x"), WAVE)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_is_missing_is_named(
    survey: Survey, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match="has no wave w1999"):
        write_portraits(Path("surveys/x"), "w1999")
    other = WeightingPlan(
        margins=(survey.weighting.margins[0].model_copy(update={"targets": {"a": 0.4, "b": 0.6}}),)
    )
    changed = survey.model_copy(update={"weighting": other})
    monkeypatch.setattr(profile_portraits, "load_survey", lambda _: changed)
    with pytest.raises(Refusal, match=r"not made by the present weighting\.yaml.*weigh"):
        write_portraits(Path("surveys/x"), WAVE)
    assert not (home / "outputs" / survey.code / "reports" / WAVE / "portraits.csv").exists()

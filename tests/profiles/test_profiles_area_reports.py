"""Area analyses end to end: from a stored run of a small base to workbooks and margins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from area_base_world import DEFINITION, BaseWorld, base_world, people, profile_plan, survey_of
from profiles_world import GRIDS
from ruamel.yaml import YAML
from support.line import at_home

from flows.crosstabs.area_analysis.respondents import respondent_mix
from flows.crosstabs.area_analysis.world import AreaWorld
from flows.crosstabs.errors import CrosstabError
from flows.definitions import Survey, load_survey
from flows.definitions.errors import DefinitionError
from flows.definitions.models import Text
from flows.definitions.own_areas import AreaRules
from flows.definitions.weighting_plan import Composition, Margin, WeightingPlan
from flows.edges import kept_answers, open_store
from flows.errors import Refusal
from flows.profiles.projection import base
from flows.profiles.projection.base import engine_of, project_base
from flows.profiles.typing import TypingModel
from flows.profiles.versions import draft_on
from flows.store import NewBatch
from flows.weighting.consultation import weigh_consultation
from flows.workbench import area_base, area_reports
from flows.workbench.area_base import open_base
from flows.workbench.area_reports import (
    respondents_against_area,
    write_area_analysis,
    write_area_composition,
)

WAVE, REGISTER, BASE = "w2026", "register", "klein"
WAVE_ENERGY = "w2026_energie"
GOLDEN = tuple(f"{grid}_{item}" for grid in GRIDS for item in "ab")
OWN = """
base: klein
areas:
  - {code: zuid, nl: Zuid, en: South, of: [w000, w001]}
  - {code: stad, nl: De stad, of: [g05]}
  - {code: straten, nl: Straten, of: [1000AA, 1000AB, 1000AC, 1005AA, 1005AB, 1010AA, 1010AB,
                                      1015AA, 1015AB, 1020AA, 1020AB]}
rules: {fewest_residents: 100}
"""


@dataclass
class Place:
    home: Path
    world: BaseWorld
    defined: dict[str, Survey]

    @property
    def model(self) -> Path:
        return self.home / "surveys" / "staat_van_betrokkenheid"

    @property
    def panel(self) -> Path:
        return self.home / "surveys" / "themapanel"

    @property
    def out(self) -> Path:
        return self.home / "outputs" / "staat_van_betrokkenheid" / "areas"

    def opened(self) -> area_base.Base:
        with open_store() as store:
            return open_base(store, self.model, None, None)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, surveys: Path) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("reports")
    world = base_world(towns=12)
    made = Place(home, world, {})
    for name in ("staat_van_betrokkenheid", "themapanel"):
        made.defined[name] = survey_of(
            load_survey(surveys / name), 12, profiles=profile_plan(golden=GOLDEN)
        )
        (home / "surveys" / name).mkdir(parents=True)
    (home / "surveys" / "bases").mkdir()
    (home / "surveys" / "bases" / f"{BASE}.yaml").write_text(DEFINITION)
    (made.model / "areas.yaml").write_text(OWN)
    world.write(home / "inbox" / "areas" / BASE / "2026")
    with pytest.MonkeyPatch.context() as patch:
        at_home(home, patch)
        patch.delenv("THEMADOSSIER_DATABASE_URL", raising=False)
        for module in (base, area_base, area_reports):
            patch.setattr(module, "load_survey", lambda folder: made.defined[Path(folder).name])
        survey = made.defined["staat_van_betrokkenheid"]
        deliver(survey, WAVE, people(world, 1200, 1).frame)
        deliver(made.defined["themapanel"], REGISTER, people(world, 2000, 2, "m").frame)
        with open_store() as store:
            wave = survey.wave(WAVE)
            draft_on(store, survey, wave, kept_answers(store, survey, wave))
        project_base(made.model, BASE, 2026)
        yield made


def deliver(survey: Survey, wave: str, frame: pd.DataFrame) -> None:
    new = NewBatch(
        survey=survey.code, wave=wave, source="panel", source_sha256="1" * 64,
        reading_sha256="r" * 64,
    )  # fmt: skip
    none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
    with open_store() as store:
        store.add_batch(new, frame, none, {})
        weights = frame[["respondent"]].assign(weight=1.0)
        store.add_weighting(survey.code, wave, "w" * 64, weights, {})


@pytest.fixture(scope="module")
def opened(place: Place) -> area_base.Base:
    return place.opened()


# --------------------------------------------------------------------------------- analyses


def test_a_municipality_gets_workbooks_and_a_table(place: Place) -> None:
    done = write_area_analysis(place.model, ["g03"])
    assert len(done.lines) <= 5
    assert done.lines[0].startswith("SIMULATED, g03: ")
    assert done.lines[-1].startswith("Next: themadossier ")
    assert [Path(path).name for path in done.dossiers] == ["g03.xlsx", "g03.en.xlsx"]
    first = {path.name: path.read_bytes() for path in place.out.glob("g03*")}
    write_area_analysis(place.model, ["g03"])
    assert first == {path.name: path.read_bytes() for path in place.out.glob("g03*")}
    tidy = pd.read_csv(place.out / "g03.csv", keep_default_na=False)
    assert set(tidy["basis"]) == {"estimated"}
    assert set(tidy["simulated"].astype(str).str.lower()) == {"true"}
    for column in ("base", "year", "model", "estimand", "code_version"):
        assert (tidy[column].astype(str) != "").all()


def test_an_analysis_agrees_with_the_stored_composition(
    place: Place, opened: area_base.Base
) -> None:
    """Shares, residents and the parts of an area, by plain pandas from the stored table."""
    subject = opened.subject(["g03"])
    done = opened.world.analysis(subject, opened.own.rules)
    table = opened.world.table.set_index(["level", "area"])
    row, nl = table.loc[("municipality", "g03")], table.loc[("country", "NL")]
    codes = [f"p{k}" for k in range(1, 5)]
    shares = row[[f"share_{code}" for code in codes]].astype(float)
    assert shares.sum() == pytest.approx(1)
    assert subject.mix.estimate == pytest.approx(shares.to_numpy())
    for code, line in zip(codes, done.lines, strict=True):
        assert line.profile == code
        assert line.figure.share == pytest.approx(np.floor(row[f"share_{code}"] * 100 + 0.5) / 100)
        assert line.figure.low == pytest.approx(np.floor(row[f"low_{code}"] * 100) / 100)
        assert line.country is not None
        expected = np.floor(nl[f"share_{code}"] * 100 + 0.5) / 100
        assert line.country.share == pytest.approx(expected)
    areas = place.world.areas
    assert abs(done.residents - areas.loc[areas["municipality"] == "g03", "residents"].sum()) <= 5
    wijken = areas.loc[areas["municipality"] == "g03", "wijk"].unique()
    shown = table.loc["wijk"].loc[sorted(wijken)].query("suppressed == ''")
    assert sorted(part.code for part in done.parts) == sorted(shown.index)
    assert done.province is not None
    lived = place.world.areas.groupby("municipality")["residents"].sum()
    assert {x.code for x in done.alike} <= set(lived.index) - {"g03"}


def test_withheld_residents_are_counted(opened: area_base.Base) -> None:
    table = opened.world.table
    changed = table.copy()
    part = changed.index[(changed["level"] == "wijk") & (changed["area"] == "w031")][0]
    changed.loc[part, "suppressed"] = "small"
    world = AreaWorld(changed, opened.world.engine)
    subject = world.published_area("g03")
    done = world.analysis(subject, AreaRules())
    people = table.set_index(["level", "area"])["residents"]
    expected = people[("wijk", "w031")] / people[("municipality", "g03")]
    assert done.withheld.hidden == pytest.approx(expected)
    assert done.withheld.parts == 1
    assert "w031" not in {each.code for each in done.parts}
    with pytest.raises(CrosstabError, match="w031: this wijk is withheld"):
        world.published_area("w031")


def test_an_own_area_of_one_municipality_is_that_municipality(opened: area_base.Base) -> None:
    own, plain = opened.subject(["stad"]), opened.subject(["g05"])
    for name in ("estimate", "low", "high"):
        assert getattr(own.mix, name) == pytest.approx(getattr(plain.mix, name), abs=1e-6)
    rules = opened.own.rules
    first, second = (opened.world.analysis(each, rules) for each in (own, plain))
    assert first.lines == second.lines
    assert first.parts == second.parts
    assert [x.code for x in first.alike] == [x.code for x in second.alike]


def test_an_own_area_is_the_mean_of_its_parts_by_residents(opened: area_base.Base) -> None:
    own = opened.subject(["zuid"])
    table = opened.world.table
    parts = table[(table["level"] == "wijk") & table["area"].isin(["w000", "w001"])]
    weights = parts["residents"] / parts["residents"].sum()
    mean = parts[[f"share_p{k}" for k in range(1, 5)]].mul(weights, axis=0).sum()
    assert own.mix.estimate == pytest.approx(mean.to_numpy(), abs=1e-5)
    assert own.mix.residents == parts["residents"].sum()
    assert own.mix.estimate.sum() == pytest.approx(1)


def test_a_list_is_one_area_with_a_name(place: Place) -> None:
    done = write_area_analysis(place.model, ["g01", "g02"], name="Samen")
    (book,) = [path for path in done.dossiers if ".en." not in path]
    assert Path(book).name.startswith("lijst-")
    assert Path(book).name.endswith("-samen.xlsx")
    record = json.loads(Path(book).with_suffix(".json").read_text())
    assert record["of"] == ["g01", "g02"]


def test_own_areas_that_give_few_away_are_refused(place: Place) -> None:
    write_area_analysis(place.model, ["straten"])
    for codes, told in (
        (["1000AA"], "finer than what may be published"),
        (["1000AA", "1000AB"], "fewer than 100 residents"),
        (["straten", "1025AA"], "less straten would leave fewer than 100 residents"),
    ):
        with pytest.raises(CrosstabError, match=told):
            write_area_analysis(place.model, codes)


def test_an_earlier_list_is_compared_with_a_later_one(place: Place) -> None:
    first = ["1030AA", "1030AB", "1035AA", "1035AB", "1040AA", "1040AB"]
    write_area_analysis(place.model, first)
    with pytest.raises(CrosstabError, match="would leave fewer than 100 residents"):
        write_area_analysis(place.model, [*first, "1045AA"])


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["g99"], r"g99 is no area of this base. Did you mean"),
        (["zuidd"], r"Own areas are zuid, stad, straten"),
        (["wijk:g01"], r"wijk:g01 is no area of this base"),
        ([], r"Name an area"),
    ],
)
def test_unknown_areas_are_refused_with_near_names(
    place: Place, codes: list[str], told: str
) -> None:
    with pytest.raises(Refusal, match=told):
        write_area_analysis(place.model, codes)


def test_a_fault_in_areas_yaml_names_its_line(place: Place) -> None:
    text = (place.model / "areas.yaml").read_text()
    try:
        (place.model / "areas.yaml").write_text(text.replace("[g05]", "[g55]"))
        with pytest.raises(DefinitionError, match=r"areas.yaml:5: g55 is no area of this base"):
            write_area_analysis(place.model, ["g01"])
    finally:
        (place.model / "areas.yaml").write_text(text)


def test_what_is_not_there_is_refused(place: Place) -> None:
    with pytest.raises(Refusal, match="no profile model of its own"):
        write_area_analysis(place.panel, ["g01"])
    with pytest.raises(Refusal, match="no postcode base of base groot; there is one of klein"):
        write_area_analysis(place.model, ["g01"], base="groot")
    with pytest.raises(Refusal, match="no year 2031, but 2026"):
        write_area_analysis(place.model, ["g01"], year=2031)


# ----------------------------------------------------------------- respondents and the margin


def test_respondents_stand_beside_the_residents(place: Place) -> None:
    done = respondents_against_area(place.panel, REGISTER, "p0")
    assert len(done.lines) <= 5
    path = Path(done.dossiers[0])
    assert path.name == "register-p0.xlsx"
    tidy = pd.read_csv(path.with_suffix(".csv"), keep_default_na=False)
    shares = tidy[tidy["statistic"] == "share"]
    assert (
        shares.groupby("column")["value"].apply(lambda v: abs(v.astype(float).sum() - 1)).max()
        < 0.03
    )
    world = place.opened().world
    town = place.world.areas["municipality"]
    inside = set(town[place.world.areas["province"] == "p0"])
    answers = people(place.world, 2000, 2, "m").frame
    n = answers["town"].isin(inside).sum()
    assert set(tidy.loc[tidy["column"] == "respondents", "n"].astype(int)) == {n}
    assert world.whole_codes("municipality", world.rows_of(["p0"])) == sorted(inside)


def test_all_respondents_of_a_consultation_count_and_its_weights_are_shown(place: Place) -> None:
    plain = place.defined["themapanel"]
    info = plain.info.model_copy(update={"role": "consultation", "places": {}})
    place.defined["themapanel"] = plain.model_copy(update={"info": info})
    try:
        done = respondents_against_area(place.panel, REGISTER, "zuid")
    finally:
        place.defined["themapanel"] = plain
    assert done.lines[-1].endswith(f"--wave {REGISTER}")
    tidy = pd.read_csv(Path(done.dossiers[0]).with_suffix(".csv"), keep_default_na=False)
    shares = tidy[tidy["statistic"] == "share"]
    shares = shares.pivot(index="answer", columns="column", values="value")
    assert set(tidy.loc[tidy["column"] == "respondents", "n"].astype(int)) == {2000}
    assert (shares["weighted"] == shares["respondents"]).all()  # all weigh 1


def test_the_mix_of_respondents_is_that_of_their_true_profiles(place: Place) -> None:
    """Answers nearly tell the profile, so its share and error are those of a plain count."""
    found = people(place.world, 600, 11)
    with open_store() as store:
        record = store.model("staat_van_betrokkenheid")
    assert record is not None
    typing = TypingModel.from_dict(record.parameters["typing"])
    questions = place.defined["themapanel"].questionnaire
    mix = respondent_mix(typing, found.frame, questions, AreaRules())
    counted = pd.Series(found.profile).value_counts(normalize=True).sort_index()
    assert mix.shares == pytest.approx(counted.to_numpy(), abs=0.02)
    assert mix.shares.sum() == pytest.approx(1)
    plain = np.sqrt(counted * (1 - counted) / 600).to_numpy()
    assert (mix.errors > 0.85 * plain).all()
    assert (mix.errors < 1.6 * plain).all()
    weights = np.where(found.profile == 0, 3.0, 1.0)
    weighted = respondent_mix(typing, found.frame, questions, AreaRules(), weights)
    expected = pd.Series(weights).groupby(found.profile).sum() / weights.sum()
    assert weighted.shares == pytest.approx(expected.to_numpy(), abs=0.03)
    with pytest.raises(CrosstabError, match="29 respondents of this area"):
        respondent_mix(typing, found.frame.head(29), questions, AreaRules())


def test_areas_that_answers_cannot_tell_and_few_people_are_refused(place: Place) -> None:
    with pytest.raises(Refusal, match="respondents of this area answered enough"):
        respondents_against_area(place.panel, REGISTER, "1000")
    with pytest.raises(Refusal, match="where they live by"):
        respondents_against_area(place.panel, REGISTER, "straten")
    with pytest.raises(Refusal, match="has no wave w1"):
        respondents_against_area(place.panel, "w1", "g01")


def test_a_wave_typed_by_another_model_is_refused(place: Place) -> None:
    survey = place.defined["themapanel"]
    with open_store() as store:
        record = store.model("staat_van_betrokkenheid")
        assert record is not None
        other = store.add_model(
            "themapanel", "other", "draft", "f" * 64, dict(record.parameters), dict(record.summary)
        )
        frame = pd.DataFrame({"respondent": ["m00000"], "profile": ["p1"]})
        store.add_typing(survey.code, WAVE_ENERGY, other.id, "e" * 64, frame, {}, batches=[])
    deliver(survey, WAVE_ENERGY, people(place.world, 60, 3, "e").frame)
    with pytest.raises(Refusal, match="people are typed by profile model other"):
        respondents_against_area(place.panel, WAVE_ENERGY, "g01")


def test_the_composition_is_a_margin_that_a_consultation_can_use(
    place: Place, opened: area_base.Base
) -> None:
    done = write_area_composition(place.model, ["g03"])
    read = YAML(typ="safe").load((place.out / "g03-composition.yaml").read_text())
    composition = Composition.model_validate(read["composition"])
    assert sum(composition.shares.values()) == pytest.approx(1, abs=1e-4)
    mix = opened.subject(["g03"]).mix
    assert list(composition.shares.values()) == pytest.approx(mix.estimate.tolist(), abs=1e-5)
    assert list(composition.standard_errors.values()) == pytest.approx(
        mix.errors().tolist(), abs=1e-5
    )
    assert "weighting.yaml" in done.lines[-1]
    found = people(place.world, 500, 21)
    plan = WeightingPlan(
        margins=(
            Margin(
                variable="edu", targets={"low": 0.3, "mid": 0.4, "high": 0.3},
                source=Text(nl="x"), reference_date=composition.reference_date,
            ),
        ),
        composition=composition,
    )  # fmt: skip
    labels = np.array([f"p{k + 1}" for k in found.profile])
    weighed = weigh_consultation(found.frame[["edu"]].astype(str), plan, labels)
    w = weighed.composition.weights
    got = pd.Series(w).groupby(labels).sum() / w.sum()
    assert got.to_numpy() == pytest.approx(mix.estimate, abs=1e-4)


def test_the_engine_of_the_run_is_the_one_that_projects(opened: area_base.Base) -> None:
    with open_store() as store:
        engine = engine_of(store, opened.run)
    found = engine.project({"x": ["w000", "w001"]})
    assert found.estimate[0] == pytest.approx(opened.subject(["zuid"]).mix.estimate)

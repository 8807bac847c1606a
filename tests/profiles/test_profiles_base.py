"""The postcode base end to end: a fitted model, a typed panel and the files of a small base."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from area_base_world import (
    DEFINITION,
    PROFILES,
    BaseWorld,
    base_world,
    people,
    profile_plan,
    survey_of,
)
from support.line import at_home

from flows.definitions import Survey, load_survey
from flows.edges import Done, kept_answers, open_store
from flows.errors import Refusal
from flows.profiles import vintages
from flows.profiles.assign import assign
from flows.profiles.flow import project_areas_of_base
from flows.profiles.model import ProfileModel
from flows.profiles.projection import base
from flows.profiles.projection.base import engine_of, project_base
from flows.profiles.projection.people import model_replicates
from flows.profiles.versions import draft_on
from flows.profiles.vintages import compare_vintages
from flows.store import AreaRunRecord, NewBatch
from flows.survey_wave import project_profiles

WAVE, REGISTER, BASE = "w2026", "register", "klein"
REFITS = 5
PUBLISHED = ["pc4", "wijk", "municipality", "province", "country"]
SHARES = [f"share_p{k}" for k in range(1, 5)]


@dataclass
class Place:
    """A home with a fitted model, a typed panel and a base in the inbox."""

    home: Path
    world: BaseWorld
    defined: dict[str, Survey]

    @property
    def model(self) -> Path:
        return self.home / "surveys" / "model"

    @property
    def panel(self) -> Path:
        return self.home / "surveys" / "panel"

    @property
    def files(self) -> Path:
        return self.home / "inbox" / "areas" / BASE / "2026"

    def run(self, year: int = 2026, **options: object) -> Done:
        return project_base(self.model, BASE, year, **options)  # type: ignore[arg-type]

    def with_panel(self) -> Done:
        return self.run(panel=self.panel, panel_wave=REGISTER)

    def record(self, done: Done) -> AreaRunRecord:
        with open_store() as store:
            return store.area_run(done.ids[0])

    def table(self, done: Done) -> pd.DataFrame:
        with open_store() as store:
            return store.read_area_run(done.ids[0])

    @property
    def csv(self) -> Path:
        code = self.defined["model"].code
        return self.home / "outputs" / code / "areas" / f"{BASE}-2026.csv"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, surveys: Path) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("areas")
    world = base_world()
    made = Place(home, world, {})
    made.defined["model"] = survey_of(
        load_survey(surveys / "staat_van_betrokkenheid"), profiles=profile_plan(bootstrap=REFITS)
    )
    made.defined["panel"] = survey_of(load_survey(surveys / "themapanel"))
    for folder in (made.model, made.panel, home / "surveys" / "bases"):
        folder.mkdir(parents=True)
    (home / "surveys" / "bases" / f"{BASE}.yaml").write_text(DEFINITION)
    world.write(made.files)
    with pytest.MonkeyPatch.context() as patch:
        at_home(home, patch)
        patch.delenv("THEMADOSSIER_DATABASE_URL", raising=False)
        for module in (base, vintages):
            patch.setattr(module, "load_survey", lambda folder: made.defined[Path(folder).name])
        deliver(made.defined["model"], WAVE, people(world, 1500, 1).frame)
        deliver(made.defined["panel"], REGISTER, people(world, 3000, 2, "m").frame)
        with open_store() as store:
            survey = made.defined["model"]
            wave = survey.wave(WAVE)
            draft_on(store, survey, wave, kept_answers(store, survey, wave))
        type_panel(made)
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


def type_panel(place: Place) -> None:
    survey, panel = place.defined["model"], place.defined["panel"]
    with open_store() as store:
        record = store.model(survey.code)
        assert record is not None
        model = ProfileModel.from_dict(dict(record.parameters["model"]))
        answers = store.read_answers(panel.code, REGISTER)
        typing = assign(model, answers, panel.questionnaire)
        frame = pd.DataFrame({"respondent": answers["respondent"], "profile": typing.labels})
        for k, code in enumerate(typing.codes):
            frame[f"p_{code}"] = typing.probabilities[:, k]
        store.add_typing(panel.code, REGISTER, record.id, record.inputs_sha256, frame, {})


@pytest.fixture(scope="module")
def typed(place: Place) -> tuple[Done, pd.DataFrame]:
    done = place.with_panel()
    return done, place.table(done)


def truth_of(world: BaseWorld, level: str) -> pd.DataFrame:
    if level in ("pc4", "pc5"):
        finer = world.areas.assign(**{level: world.areas["pc6"].str[: 4 if level == "pc4" else 5]})
        world = BaseWorld(finer, world.residents, world.eta, world.residual)
    return world.truth(level)


def inside(world: BaseWorld, table: pd.DataFrame, level: str) -> float:
    """The part of all shares of a level that lie in their interval."""
    rows = table[(table["level"] == level) & (table["residents"] > 5)].set_index("area")
    truth = truth_of(world, level).loc[rows.index].to_numpy()
    low = rows[[name.replace("share", "low") for name in SHARES]].to_numpy()
    high = rows[[name.replace("share", "high") for name in SHARES]].to_numpy()
    return float(((low <= truth) & (truth <= high)).mean())


def error(world: BaseWorld, table: pd.DataFrame, level: str) -> float:
    rows = table[table["level"] == level].set_index("area")
    away = rows[SHARES].to_numpy() - truth_of(world, level).loc[rows.index].to_numpy()
    return float(np.sqrt((away**2).mean()))


def width(table: pd.DataFrame, level: str) -> float:
    rows = table[table["level"] == level]
    return float((rows["high_p1"] - rows["low_p1"]).median())


def test_the_truth_lies_in_the_intervals_as_often_as_they_say(place: Place, typed) -> None:
    _, table = typed
    for level in ("pc6", "pc4", "buurt", "wijk"):
        assert 0.93 <= inside(place.world, table, level) <= 0.995, level
    assert inside(place.world, table, "municipality") >= 0.92
    # An estimate that were the national share everywhere would err far more.
    nation = place.world.truth("municipality").to_numpy().std(axis=0).mean()
    assert error(place.world, table, "municipality") < 0.6 * nation


def test_coarser_areas_are_the_sum_of_the_finest(place: Place, typed) -> None:
    _, table = typed
    finest = table[table["level"] == "pc6"].set_index("area").loc[place.world.areas["pc6"]]
    weighted = finest[SHARES].mul(finest["residents"], axis=0).reset_index(drop=True)
    for level in ("buurt", "wijk", "municipality", "province"):
        sums = weighted.groupby(place.world.areas[level]).sum()
        people = finest["residents"].reset_index(drop=True).groupby(place.world.areas[level]).sum()
        rows = table[table["level"] == level].set_index("area").loc[sums.index]
        np.testing.assert_allclose(rows[SHARES], sums.div(people, axis=0), atol=1e-6)
        assert (rows["residents"] == people).all()
    np.testing.assert_allclose(table[SHARES].sum(axis=1), 1, atol=1e-5)


def test_the_record_says_what_it_was_made_of(place: Place, typed) -> None:
    done, table = typed
    run = place.record(done)
    assert (run.base, run.year, run.model_version, run.estimand) == (BASE, 2026, "t1", "expected")
    summary = run.summary
    assert (summary["simulated"], summary["research"]) == (True, False)
    assert summary["panel"] == {"survey": "themapanel", "wave": REGISTER}
    assert summary["people"]["residual_people"] == 4500
    assert summary["people"]["fit_replicates"] == REFITS
    assert summary["people"]["residual_levels"] == ["municipality", "pc4"]
    assert summary["areas"]["pc6"] == 600
    assert summary["areas"]["country"] == 1
    # Education is published by PC4 only: the finest areas take it from there, the PC4 has it.
    assert set(table.loc[table["level"] == "pc6", "source_edu"]) == {1}
    assert set(table.loc[table["level"] == "pc4", "source_edu"]) == {0}
    assert set(table.loc[table["level"] == "wijk", "source_edu"]) == {1}
    assert set(table.loc[table["level"] == "municipality", "source_edu"]) == {0}
    assert summary["engine"]["sources"]["edu"] == ["pc6", "pc4", "municipality"]
    with open_store() as store:
        assert store.check() == []
        [status] = store.status(place.defined["model"].code)
        assert [each.id for each in status.area_runs] == [run.id]
        assert status.outdated == ()
    small = table[(table["level"] == "pc6") & (table["inhabitants"] < 5)]
    assert list(small["suppressed"]) == ["small"]
    assert list(small["merged_level"]) != [""]


def test_only_what_is_coarse_enough_leaves(place: Place, typed) -> None:
    done, table = typed
    rows = pd.read_csv(place.csv, dtype={"area": str, "model": str})
    assert list(dict.fromkeys(rows["level"])) == PUBLISHED
    kept = table[table["level"].isin(PUBLISHED) & (table["suppressed"] == "")]
    assert len(rows) == 4 * len(kept)
    stored = kept.set_index(["level", "area"])["share_p2"]
    told = rows[rows["profile"] == "p2"].set_index(["level", "area"])["estimate"]
    np.testing.assert_allclose(told, 100 * stored.loc[told.index], atol=0.0501)
    assert (rows["estimate"] * 10 % 1).abs().between(1e-6, 1 - 1e-6).sum() == 0
    assert set(rows["basis"]) == {"estimated"}
    assert set(rows["estimand"]) == {"expected"}
    assert rows["simulated"].all()
    text = place.csv.with_suffix(".json").read_text()
    about = json.loads(text)
    assert about["model"] == "t1"
    assert about["levels_kept_inside"] == ["pc6", "pc5", "buurt"]
    assert "engine" not in about
    finest = [*place.world.areas["pc6"], *place.world.areas["buurt"].unique()]
    whole = place.csv.read_text() + text
    assert not [code for code in finest if f'"{code}"' in whole or f",{code}," in whole]
    assert any(str(place.csv) in line for line in done.lines)
    assert len(done.lines) <= 5
    assert "SIMULATED" in done.lines[0]
    assert done.lines[-1].startswith("Next: themadossier ")


def test_the_same_inputs_give_the_run_that_is_there(place: Place, typed) -> None:
    done, _ = typed
    before = {path: path.stat().st_mtime_ns for path in place.csv.parent.iterdir()}
    again = place.with_panel()
    assert again.ids == done.ids
    assert "as it was" in again.lines[0]
    after = {path: path.stat().st_mtime_ns for path in place.csv.parent.iterdir()}
    assert after[place.csv] == before[place.csv]
    alone = place.run()
    assert alone.ids != done.ids
    assert place.with_panel().ids == done.ids
    with open_store() as store:
        current = store.current_area_run(place.defined["model"].code, BASE)
    assert current is not None
    assert current.id == done.ids[0]


def test_the_flow_does_the_same(place: Place, typed) -> None:
    assert (project_profiles.name, project_areas_of_base.retries) == ("project-profiles", 2)
    done = project_areas_of_base.fn(str(place.model), BASE, 2026, None, str(place.panel), REGISTER)
    assert done.ids == typed[0].ids


def test_without_typed_people_intervals_are_wider_and_it_says_so(
    place: Place, typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, table = typed
    survey = place.defined["model"]
    nowhere = survey.info.model_copy(update={"places": {}})
    monkeypatch.setitem(place.defined, "model", survey.model_copy(update={"info": nowhere}))
    done = place.run()
    bare = place.table(done)
    assert any("LOOK" in line and "no typed people" in line for line in done.lines)
    for level in ("pc6", "pc4", "municipality"):
        assert width(bare, level) > 1.2 * width(table, level)
        assert inside(place.world, bare, level) >= 0.93
    assert error(place.world, table, "municipality") < error(place.world, bare, "municipality")
    assert place.record(done).summary["people"]["residual_people"] == 0


def test_intervals_hold_the_error_of_the_fitted_model(
    place: Place, typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, table = typed
    survey = place.defined["model"]
    wave = survey.wave(WAVE)
    with open_store() as store:
        record = store.model(survey.code)
        assert record is not None
        model = ProfileModel.from_dict(dict(record.parameters["model"]))
        made = model_replicates(store, survey, wave, record, model)
        assert made is not None
        kept = replace(record, parameters={**record.parameters, "replicates": made.to_dict()})
        again = model_replicates(store, survey, wave, kept, model)
        assert again is not None
        np.testing.assert_allclose(again.cells, made.cells, atol=1e-8)
        given = replace(record, parameters={**record.parameters, "imported": {"table": None}})
        assert model_replicates(store, survey, wave, given, model) is None
    assert len(made.cells) + made.failed == REFITS
    # The profiles of this world are unmistakable, so fits agree; here they would not.
    tilt = np.exp(np.random.default_rng(1).normal(0, 0.3, (20, 1, PROFILES)))
    tilted = made.cells[:1] * tilt
    tilted *= made.cells[:1].sum(axis=2, keepdims=True) / tilted.sum(axis=2, keepdims=True)
    monkeypatch.setattr(base, "FORMAT", 99)
    monkeypatch.setattr(base, "model_replicates", lambda *_: replace(made, cells=tilted))
    unsure = place.table(place.with_panel())
    np.testing.assert_allclose(unsure[SHARES], table[SHARES], atol=1e-9)
    widths = [
        frame.loc[frame["level"] == "country"].iloc[0][[name.replace("share", end)]].item()
        for frame in (unsure, table)
        for name in SHARES
        for end in ("low", "high")
    ]
    reach = np.diff(np.array(widths, dtype=float).reshape(2, 4, 2), axis=2)[:, :, 0] / 2 / 1.96
    moved = tilted.sum(axis=1).std(axis=0, ddof=1)
    # All areas share the error, so the nation has it whole (50 draws tell it within a quarter).
    np.testing.assert_allclose(np.sqrt(reach[0] ** 2 - reach[1] ** 2), moved, rtol=0.35)
    few = replace(made, cells=made.cells[:1], failed=4)
    monkeypatch.setattr(base, "FORMAT", 98)
    monkeypatch.setattr(base, "model_replicates", lambda *_: few)
    looks = place.record(place.with_panel()).summary["attention"]
    assert any("lack the error of the fitted model" in look for look in looks)
    monkeypatch.undo()
    assert place.with_panel().ids == done.ids


def test_own_lists_of_areas_get_the_same_engine(place: Place, typed) -> None:
    done, table = typed
    with open_store() as store:
        engine = engine_of(store, store.area_run(done.ids[0]))
    found = engine.project({"one": ["g03"], "two": ["g03", "1015", "1000AA"], "all": ["NL"]})
    for place_of, (level, code) in ((0, ("municipality", "g03")), (2, ("country", "NL"))):
        row = table[(table["level"] == level) & (table["area"] == code)].iloc[0]
        for stored, values in (
            ("share", found.estimate), ("low", found.low), ("high", found.high)
        ):  # fmt: skip
            names = [name.replace("share", stored) for name in SHARES]
            np.testing.assert_allclose(values[place_of], row[names].astype(float), atol=1e-9)
    # 1015 lies in g03 and counts once; 1000AA is added.
    finest = table[table["level"] == "pc6"].set_index("area")
    one = place.world.areas[place.world.areas["municipality"] == "g03"]["pc6"]
    both = finest.loc[[*one, "1000AA"]]
    np.testing.assert_allclose(
        found.estimate[1],
        np.average(both[SHARES], weights=both["residents"], axis=0),
        atol=1e-6,
    )
    assert found.residents[1] == both["residents"].sum()
    with pytest.raises(Refusal, match="9999 is no area of this base"):
        engine.project({"x": ["9999"]})
    with pytest.raises(Refusal, match="no level of this base"):
        engine.project({"x": ["street:1000AA"]})


@pytest.fixture
def other(place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets a survey be defined otherwise for one test."""

    def change(name: str, **info: object) -> None:
        survey = place.defined[name]
        changed = survey.model_copy(update={"info": survey.info.model_copy(update=info)})
        monkeypatch.setitem(place.defined, name, changed)

    return change


def test_made_up_and_real_are_never_mixed(place: Place, other: Callable[..., None]) -> None:
    path = place.home / "surveys" / "bases" / "echt.yaml"
    path.write_text(DEFINITION.replace("simulated: true", "simulated: false"))
    with pytest.raises(Refusal, match="a simulated model is never projected on real areas"):
        project_base(place.model, "echt", 2026)
    other("panel", simulated=False)
    with pytest.raises(Refusal, match="a panel of the same kind"):
        place.with_panel()
    other("model", simulated=False)
    with pytest.raises(Refusal, match="real answers, which say nothing of them"):
        place.run()


def test_real_answers_on_real_areas_are_a_research_exercise(
    place: Place, other: Callable[..., None]
) -> None:
    path = place.home / "surveys" / "bases" / "echt.yaml"
    path.write_text(DEFINITION.replace("simulated: true", "simulated: false"))
    other("model", simulated=False)
    done = project_base(place.model, "echt", 2026, files=place.files)
    assert "RESEARCH EXERCISE" in done.lines[0]
    assert place.record(done).summary["research"] is True
    rows = pd.read_csv(place.csv.with_name("echt-2026.csv"))
    assert rows["research"].all()
    assert not rows["simulated"].any()


def test_what_does_not_fit_the_base_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bases = place.home / "surveys" / "bases"
    lacking = DEFINITION[: DEFINITION.index("  income:")]
    (bases / "arm.yaml").write_text(lacking)
    with pytest.raises(Refusal, match="no margin of income"):
        project_base(place.model, "arm", 2026, files=place.files)
    levels = DEFINITION.replace("levels: [low, mid, high]", "levels: [low, high]", 1)
    (bases / "anders.yaml").write_text(levels)
    with pytest.raises(Refusal, match="no level mid"):
        project_base(place.model, "anders", 2026, files=place.files)
    with pytest.raises(Refusal, match="there is no such base"):
        project_base(place.model, "nergens", 2026)
    with pytest.raises(Refusal, match=r"inbox/areas/klein/2024: there is no such folder.*--files"):
        place.run(2024)


def test_a_model_or_panel_that_cannot_be_used_is_refused(
    place: Place, other: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match="belong together"):
        place.run(panel=place.panel)
    with pytest.raises(Refusal, match="has no profile model of its own"):
        project_base(place.panel, BASE, 2026)
    with pytest.raises(Refusal, match="nobody is typed yet"):
        place.run(panel=place.panel, panel_wave="w2026_energie")
    other("panel", places={})
    with pytest.raises(Refusal, match="Name them under 'places'"):
        place.with_panel()
    survey = place.defined["model"]
    newer = survey.profiles.model_copy(update={"version": "t2"})
    monkeypatch.setitem(place.defined, "model", survey.model_copy(update={"profiles": newer}))
    with pytest.raises(Refusal, match="profile model t2 is not fitted yet"):
        place.run()


def test_two_years_side_by_side(place: Place, typed) -> None:
    with pytest.raises(Refusal, match="no postcode base klein 2025 in the store"):
        compare_vintages(place.model, BASE, 2025, 2026)
    with pytest.raises(Refusal, match="earlier year first"):
        compare_vintages(place.model, BASE, 2026, 2025)
    before = place.world.earlier()
    before.areas.loc[before.areas["buurt"] == "b234", ["municipality", "wijk"]] = ["g90", "w900"]
    before.write(place.files.with_name("2025"))
    place.run(2025, panel=place.panel, panel_wave=REGISTER)
    place.with_panel()
    done = compare_vintages(place.model, BASE, 2025, 2026)
    assert len(done.lines) <= 5
    assert "SIMULATED, klein 2025 to 2026" in done.lines[0]
    assert any("g90" in line and "became part of g23" in line for line in done.lines)
    path = place.csv.with_name("klein-2025-2026.csv")
    rows = pd.read_csv(path)
    assert list(dict.fromkeys(rows["level"])) == PUBLISHED
    np.testing.assert_allclose(rows["after"] - rows["before"], rows["change"], atol=0.1501)
    assert ((rows["low"] <= rows["change"]) & (rows["change"] <= rows["high"])).all()
    redrawn = rows[rows["boundaries"] == "changed"]
    assert "g23" in set(redrawn["area"])
    assert "g90" not in set(rows["area"])
    split = rows["by_demographics"] + rows["by_model"]
    np.testing.assert_allclose(split, rows["change"], atol=0.1501)
    written = path.stat().st_mtime_ns
    compare_vintages(place.model, BASE, 2025, 2026)
    assert path.stat().st_mtime_ns == written
    with open_store() as store:
        code = place.defined["model"].code
        runs = [store.current_area_run(code, BASE, year) for year in (2025, 2026)]
        assert store.current_area_run(code, BASE) == runs[1]
        assert runs[0] is not None
        other = replace(runs[0], base="ander")
        assert runs[1] is not None
        with pytest.raises(Refusal, match="two runs of one base"):
            vintages.compare_runs(store, other, runs[1])


def test_an_accepted_model_is_used_as_such(place: Place, typed) -> None:
    assert "a draft" in place.with_panel().lines[0]
    with open_store() as store:
        draft = store.model(place.defined["model"].code)
        assert draft is not None
        store.accept_model(draft.id, "Ans", datetime(2026, 3, 1, tzinfo=UTC), "{}")
    done = place.with_panel()
    assert "a draft" not in done.lines[0]
    assert place.record(done).summary["accepted_by"] == "Ans"

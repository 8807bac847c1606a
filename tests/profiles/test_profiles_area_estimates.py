"""Area estimates end to end: a small base, a panel that answered themes, and a known truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from area_base_world import (
    DEFINITION,
    SIZES,
    BaseWorld,
    base_world,
    people,
    profile_plan,
    questions,
    survey_of,
)
from scipy.special import expit
from support.line import at_home

from flows.commands.estimates import codes_of_file, estimates
from flows.crosstabs.area_estimates.composition import (
    blurred_margins,
    numbers_of_levels,
    share_variances,
)
from flows.crosstabs.area_estimates.ground import Ground, Respondents
from flows.crosstabs.area_estimates.tidy import published_estimates
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tidy import COLUMNS
from flows.definitions import Survey, load_survey
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.edges import existing_store, kept_answers, open_store
from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.model import ProfileModel
from flows.profiles.projection import base
from flows.profiles.projection.base import project_base
from flows.profiles.projection.composition import published
from flows.profiles.versions import draft_on
from flows.store import AreaRunRecord, EstimateRun, NewBatch
from flows.workbench import area_base, area_estimates
from flows.workbench.area_base import earlier_lists, open_base
from flows.workbench.area_estimates import estimates_of_list, make_estimates, stored_estimates
from flows.workbench.area_estimates_basis import checked_model

WAVE, BASE, TOWNS = "w2026", "klein", 12
FIRST, SECOND = "w2026_energie", "w2026_veiligheid"
ASKED = {FIRST: ("E1", "E2", "E3"), SECOND: ("V1",)}
THEMES = {FIRST: "energie", SECOND: "veiligheid"}
EFFECTS = {  # of the four profiles, and of what towns and postcodes differ by
    "E1": ((-0.8, -0.2, 0.4, 0.9), 0.5, 0.2),
    "E2": ((-0.4, 0.6, -0.6, 0.4), 0.4, 0.2),
    "E3": ((0.3, 0.3, -0.5, -0.5), 0.4, 0.2),
    "V1": ((0.5, 0.0, -0.2, -0.6), 0.4, 0.2),
}
OWN = """
base: klein
areas:
  - {code: zuid, nl: Zuid, en: South, of: [w000, w001, w100]}
rules: {fewest_residents: 100}
"""


@dataclass
class Place:
    home: Path
    world: BaseWorld
    defined: dict[str, Survey]
    truth: dict[str, pd.Series]

    @property
    def panel(self) -> Path:
        return self.home / "surveys" / "themapanel"

    @property
    def out(self) -> Path:
        return self.home / "outputs" / "themapanel" / "areas"

    def run(self, wave: str = FIRST) -> EstimateRun:
        with existing_store() as store:
            found = store.current_estimate_run("themapanel", wave, BASE)
        assert found is not None
        return found

    def base_run(self) -> AreaRunRecord:
        with existing_store() as store:
            found = store.current_area_run("staat_van_betrokkenheid", BASE)
        assert found is not None
        return found

    def frame(self, wave: str = FIRST) -> pd.DataFrame:
        with existing_store() as store:
            return store.read_estimate_run(self.run(wave).id)


def theme_question(code: str, theme: str) -> Question:
    options = (Option(code="ja", nl="Ja"), Option(code="nee", nl="Nee"))
    number = code == "E2"
    return Question(
        code=code, theme=theme, dimension=Dimension.ATTITUDE, text=code, mean=number,
        type=QuestionType.NUMBER if number else QuestionType.SINGLE,
        options=() if number else options, headline="mean" if number else "ja",
        waves=(next(wave for wave, codes in ASKED.items() if code in codes),),
    )  # fmt: skip


def panel_of(real: Survey) -> Survey:
    survey = survey_of(real, TOWNS)
    known = questions(TOWNS)
    asked = [theme_question(code, THEMES[wave]) for wave, codes in ASKED.items() for code in codes]
    waves = tuple(
        wave.model_copy(update={"background_from": None, "model": None})
        for wave in real.info.waves
        if wave.code in ASKED
    )
    plans = tuple(ThemePlan(code=theme, title=theme) for theme in THEMES.values())
    return survey.model_copy(
        update={
            "info": survey.info.model_copy(update={"waves": waves}),
            "questionnaire": known.model_copy(update={"questions": (*known.questions, *asked)}),
            "dossier": real.dossier.model_copy(update={"themes": plans}),
        }
    )


def answered(world: BaseWorld, wave: str, n: int, seed: int) -> tuple[pd.DataFrame, dict]:
    """People of a wave with their answers, and the truth per town of each."""
    drawn = people(world, n, seed, prefix=wave[-1])
    rng = np.random.default_rng([seed, 4])
    frame, truth = drawn.frame, {}
    towns = sorted(world.areas["municipality"].unique())
    town = frame["town"].cat.codes.to_numpy()
    postcode = frame["postcode"].to_numpy().astype(int) - 1000
    where = world.areas["pc6"].str[:4].astype(int).to_numpy() - 1000
    of = world.areas["municipality"].map({code: i for i, code in enumerate(towns)}).to_numpy()
    for code in ASKED[wave]:
        profile, town_sd, postcode_sd = EFFECTS[code]
        u, v = rng.normal(0, town_sd, TOWNS), rng.normal(0, postcode_sd, where.max() + 1)
        eta = np.array(profile)[drawn.profile] + u[town] + v[postcode]
        per_area = np.array(profile)[None, :] + (u[of] + v[where])[:, None]
        if code == "E2":
            frame[code] = np.clip(np.round(6 + 2 * eta + 2 * rng.logistic(size=n)), -20, 40)
            frame[f"{code}__missing"] = pd.Categorical([""] * n, categories=["", *MISSING_CODES])
            told = 6 + 2 * per_area
        else:
            yes = rng.random(n) < expit(eta)
            codes = np.where(yes, 0, 1)
            if code == "E3":  # not asked of everybody
                codes = np.where(rng.random(n) < 0.6, codes, 2 + MISSING_CODES.index(".not_asked"))
            frame[code] = pd.Categorical.from_codes(codes, categories=["ja", "nee", *MISSING_CODES])
            told = expit(per_area)
        by_cell = np.einsum("ac,ack,ak->a", world.residents, world.probabilities, told)
        sums = pd.DataFrame({"value": by_cell, "n": world.n, "town": world.areas["municipality"]})
        both = sums.groupby("town").sum()
        truth[code] = both["value"] / both["n"]
    return frame, truth


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, surveys: Path) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("estimates")
    world = base_world(towns=TOWNS)
    made = Place(home, world, {}, {})
    real = load_survey(surveys / "staat_van_betrokkenheid")
    made.defined["staat_van_betrokkenheid"] = survey_of(real, TOWNS, profiles=profile_plan())
    made.defined["themapanel"] = panel_of(load_survey(surveys / "themapanel"))
    for name in ("staat_van_betrokkenheid", "themapanel", "bases"):
        (home / "surveys" / name).mkdir(parents=True)
    (home / "surveys" / "bases" / f"{BASE}.yaml").write_text(DEFINITION)
    (home / "surveys" / "staat_van_betrokkenheid" / "areas.yaml").write_text(OWN)
    world.write(home / "inbox" / "areas" / BASE / "2026")
    with pytest.MonkeyPatch.context() as patch:
        at_home(home, patch)
        patch.delenv("THEMADOSSIER_DATABASE_URL", raising=False)
        for module in (base, area_base, area_estimates):
            patch.setattr(module, "load_survey", lambda folder: made.defined[Path(folder).name])
        survey = made.defined["staat_van_betrokkenheid"]
        deliver(survey, WAVE, people(world, 900, 1).frame)
        with open_store() as store:
            wave = survey.wave(WAVE)
            draft_on(store, survey, wave, kept_answers(store, survey, wave))
        project_base(home / "surveys" / "staat_van_betrokkenheid", BASE, 2026)
        for seed, code in enumerate(ASKED, start=5):
            frame, truth = answered(world, code, 1400, seed)
            made.truth |= truth
            deliver(made.defined["themapanel"], code, frame)
            type_people(made, code)
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


def type_people(place: Place, wave: str) -> None:
    panel = place.defined["themapanel"]
    with open_store() as store:
        record = store.model("staat_van_betrokkenheid")
        assert record is not None
        model = ProfileModel.from_dict(dict(record.parameters["model"]))
        answers = store.read_answers(panel.code, wave)
        typing = assign(model, answers, panel.questionnaire)
        frame = pd.DataFrame({"respondent": answers["respondent"], "profile": typing.labels})
        for k, code in enumerate(typing.codes):
            frame[f"p_{code}"] = typing.probabilities[:, k]
        store.add_typing(panel.code, wave, record.id, record.inputs_sha256, frame, {})


@pytest.fixture(scope="module")
def lines(place: Place) -> tuple[str, ...]:
    return make_estimates(place.panel, FIRST).lines


# ---------------------------------------------------------------------------------- the ground


def test_the_cells_of_areas_have_the_mix_of_the_run(place: Place) -> None:
    """Profile shares that follow from the cells are those that the area run published."""
    with existing_store() as store:
        found = open_base(store, place.home / "surveys" / "staat_van_betrokkenheid", None, None)
    engine, table = found.world.engine, published(found.world.table).reset_index(drop=True)
    ground = Ground.of(engine)
    variance = share_variances(table, engine.profiles, 0.95)
    areas = ground.areas(numbers_of_levels(engine, table), variance, blurred_margins(table, engine))
    cells = areas.cells
    a = len(table)
    assert cells.areas == a + 1
    shares = np.zeros((a + 1, len(engine.profiles)))
    np.add.at(shares, cells.area, cells.people.sum(axis=1))
    expected = table[[f"share_{code}" for code in engine.profiles]].to_numpy()
    np.testing.assert_allclose(shares[:a], expected, atol=2e-4)
    country = (table["level"] == "country").to_numpy()
    np.testing.assert_allclose(shares[a], expected[country][0], atol=2e-4)
    # Margins of the towns, from the true residents.
    ages = np.zeros((a + 1, 3))
    np.add.at(ages, cells.area, cells.people.sum(axis=2) @ cells.levels[0])
    true = pd.DataFrame(place.world.residents.reshape(-1, *SIZES).sum(axis=(2, 3)))
    true = true.groupby(place.world.areas["municipality"]).sum()
    towns = table.index[table["level"] == "municipality"]
    true = true.div(true.sum(axis=1), axis=0).loc[table["area"].iloc[towns]]
    np.testing.assert_allclose(ages[towns], true, atol=0.02)
    # A town consists of its places by their residents; what lives there adds up.
    np.testing.assert_allclose(cells.places.sum(axis=1), 1)
    reach = areas.reach[towns].toarray()
    np.testing.assert_allclose(reach.sum(axis=0), 1)
    covariance = cells.profile_covariance[:a]
    np.testing.assert_allclose(np.diagonal(covariance, axis1=1, axis2=2), variance, rtol=0.02)


def test_somebody_of_unknown_age_counts_as_those_alike(place: Place) -> None:
    with existing_store() as store:
        found = open_base(store, place.home / "surveys" / "staat_van_betrokkenheid", None, None)
    ground = Ground.of(found.world.engine)
    levels = np.array([[0, 1, 2], [-1, 1, 2], [-1, -1, -1], [0, 1, 2]])
    r = np.array([[1, 0, 0, 0]] * 3 + [[0, 0, 0, 0]], dtype=float)
    at = (np.array([0, 1, -1, 0]), np.array([0, -1, -1, 0]))
    sample, who = ground.sample(Respondents(r, levels, at, np.ones(4)))
    assert who.tolist() == [True, True, True, False]
    table = ground.engine.seed
    ages = table[:, 1, 2] / table[:, 1, 2].sum()
    np.testing.assert_allclose(sample.design[0, 1:4], [1, 0, 0])
    np.testing.assert_allclose(sample.design[1, 1:4], ages)
    np.testing.assert_allclose(sample.design[1, 4:7], [0, 1, 0])
    np.testing.assert_allclose(sample.design[2, 1:4], table.sum(axis=(1, 2)) / table.sum())
    np.testing.assert_allclose(sample.design[2, 10:], 0)  # of no known place
    # Who only gave a town counts in all of its postcodes.
    counted = ground.people_in(at, np.array([True, True, True, False]))
    assert counted.sum() == pytest.approx(2)
    assert counted[ground.region_of == 1].sum() == pytest.approx(1)


# ---------------------------------------------------------------------------------- the run


def test_estimates_are_near_the_truth_and_intervals_hold(place: Place, lines) -> None:
    frame = place.frame()
    towns = frame[frame["level"] == "municipality"]
    inside = []
    for code in ASKED[FIRST]:
        own = towns[towns["table"] == code].set_index("area")
        truth = place.truth[code].loc[own.index]
        inside += ((own["low"] <= truth) & (truth <= own["high"])).tolist()
        away = np.sqrt(((own["value"] - truth) ** 2).mean())
        nation = np.sqrt(((own["national"] - truth) ** 2).mean())
        assert away < 0.75 * nation, code
        assert np.corrcoef(own["value"], truth)[0, 1] > 0.7
    assert np.mean(inside) >= 0.86  # of 36
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()
    assert set(frame["basis"]) == {"estimated"}


def test_the_run_says_what_it_rests_on(place: Place, lines) -> None:
    run = place.run()
    summary = run.summary
    assert summary["pooled_waves"] == [FIRST, SECOND]
    assert summary["pooled"]["headlines"] == 4
    assert (summary["headlines"], summary["simulated"]) == (3, True)
    assert summary["level"] == "municipality"
    assert [each["table"] for each in summary["each"]] == list(ASKED[FIRST])
    assert lines[0].startswith(f"Area estimates {FIRST}, {BASE} 2026, made: SIMULATED, 3 headlines")
    assert len(lines) <= 5
    nation = place.frame().query("level == 'country'").set_index("table")
    for each in summary["each"]:
        assert nation.loc[each["table"], "modelled"] == pytest.approx(each["modelled"])
        # The country's own row is what the areas together give.
        assert nation.loc[each["table"], "value"] == pytest.approx(each["modelled"], abs=1e-3)
        assert abs(each["national"] - each["modelled"]) < 0.06 * (3 if each["table"] == "E2" else 1)


def test_people_are_counted_where_they_live(place: Place, lines) -> None:
    frame = place.frame()
    towns = frame[(frame["level"] == "municipality") & (frame["table"] == "E1")]
    with existing_store() as store:
        answers = store.read_answers("themapanel", FIRST)
    counts = answers["town"].astype(str).value_counts()
    assert towns.set_index("area")["n_direct"].to_dict() == {
        code: int(counts[code]) for code in towns["area"]
    }
    some = frame[(frame["level"] == "municipality") & (frame["table"] == "E3")]
    asked = answers[answers["E3"].isin(["ja", "nee"])]["town"].astype(str).value_counts()
    assert some.set_index("area")["n_direct"].to_dict() == {c: int(asked[c]) for c in some["area"]}


def test_the_same_inputs_give_the_run_that_is_there(place: Place, lines) -> None:
    before = place.run()
    again = make_estimates(place.panel, FIRST)
    assert again.ids == (before.id,)
    assert "as they were" in again.lines[0]


def test_another_wave_stands_beside_it_in_one_file(place: Place, lines) -> None:
    make_estimates(place.panel, SECOND)
    path = place.out / f"estimates-{BASE}-2026.csv"
    tidy = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(tidy.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert set(tidy["wave"]) == {FIRST, SECOND}
    assert set(tidy["basis"]) == {"estimated"}
    assert set(tidy["level"]) == {"pc4", "wijk", "municipality", "province"}
    assert set(tidy["simulated"]) == {"True"}
    hidden = tidy[tidy["flag"] == "as_country"]
    assert len(hidden)
    assert (hidden[["value", "low", "high"]] == "").all(axis=None)
    shown = tidy[tidy["flag"] == ""]
    assert (shown[["value", "low", "high", "national"]] != "").all(axis=None)
    # The spread of both waves is pooled in both: the same four headlines.
    assert place.run(SECOND).summary["pooled"]["headlines"] == 4
    first, second = (place.run(wave).summary["pooled"] for wave in ASKED)
    assert first["typical_spread"] == pytest.approx(second["typical_spread"])


def test_stored_estimates_are_those_of_one_theme(place: Place, lines) -> None:
    with existing_store() as store:
        found = stored_estimates(store, "themapanel", FIRST, "energie", BASE)
        assert stored_estimates(store, "themapanel", FIRST, "wonen", BASE).frame.empty
        assert stored_estimates(store, "themapanel", "w1999", "energie", BASE) is None
        assert stored_estimates(store, "themapanel", FIRST, "energie", BASE, 2019) is None
    assert found is not None
    assert found.up_to_date
    assert set(found.frame["table"]) == set(ASKED[FIRST])
    assert len(published_estimates(found.frame)) < len(found.frame)


# ------------------------------------------------------------------------------------ lists


def test_a_town_as_a_list_is_the_town(place: Place, lines) -> None:
    """A town estimated as an own area of its postcodes, beside the stored town."""
    codes = [f"{1000 + z}" for z in range(15, 20)]
    done = estimates_of_list(place.panel, FIRST, codes, "Stad")
    assert done.lines[0].startswith("SIMULATED, Stad: ")
    assert len(done.lines) <= 5
    [path] = place.out.parent.parent.glob("*/areas/estimates-*-stad.csv")
    own = pd.read_csv(path, dtype={"area": str}).set_index("table")
    # Kept as area analyses keep it: a later list may not differ from it by a few residents.
    assert path.parent == place.out
    folder = place.home / "outputs" / "staat_van_betrokkenheid" / "areas"
    assert sorted(codes) in [sorted(of) for of in earlier_lists(folder, place.base_run()).values()]
    frame = place.frame()
    town = frame[(frame["level"] == "municipality") & (frame["area"] == "g03")].set_index("table")
    for code in ASKED[FIRST]:
        assert own.loc[code, "national"] == pytest.approx(town.loc[code, "national"], abs=0.051)
        if own.loc[code, "flag"] != "as_country":
            unit = 0.051 if code == "E2" else 0.0051
            assert own.loc[code, "value"] == pytest.approx(town.loc[code, "value"], abs=unit)
            assert own.loc[code, "low"] == pytest.approx(town.loc[code, "low"], abs=3 * unit)
    assert (own["flag"] == "as_country").tolist() == (~town.loc[own.index, "adds"]).tolist()


def test_an_area_of_the_base_or_of_areas_yaml_is_shown(place: Place, lines) -> None:
    for code, name in (("g03", "g03"), ("zuid", "Zuid")):
        done = estimates_of_list(place.panel, FIRST, [code])
        assert f"{name}: " in done.lines[0]
        assert "of 3 headlines" in done.lines[0]
    with pytest.raises(Refusal, match="no area of this base"):
        estimates_of_list(place.panel, FIRST, ["g99"])
    with pytest.raises(CrosstabError, match="finer than what may be published"):
        estimates_of_list(place.panel, FIRST, ["1015AA"])
    with pytest.raises(Refusal, match="no estimates for klein 2026"):
        estimates_of_list(place.home / "surveys" / "staat_van_betrokkenheid", WAVE, ["g03"])


def test_the_command_takes_codes_or_a_file(
    place: Place, lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mijn-gebied.txt"
    file.write_text("\ufeff1015, 1016 # twee\n\n1017;1018\n1019\n1015\n", encoding="utf-8")
    assert codes_of_file(file) == ["1015", "1016", "1017", "1018", "1019"]
    estimates(place.panel, FIRST, list_file=file)
    assert "mijn-gebied: " in capsys.readouterr().out
    estimates(place.panel, FIRST, areas="g03")
    assert "g03: " in capsys.readouterr().out
    with pytest.raises(Refusal, match="give one of them"):
        estimates(place.panel, FIRST, areas="g03", list_file=file)
    with pytest.raises(Refusal, match="names no area"):
        estimates(place.panel, FIRST, areas=" , ")
    file.write_text("# niets\n")
    with pytest.raises(Refusal, match="names no area"):
        codes_of_file(file)
    with pytest.raises(Refusal, match="cannot be read"):
        codes_of_file(tmp_path / "weg.txt")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refusal, match="UTF-8"):
        codes_of_file(file)


def test_the_command_tells_a_program_the_same(
    place: Place, lines, capsys: pytest.CaptureFixture[str]
) -> None:
    """All areas: what the run is. One area: the figures of its CSV, none that is not printed."""
    estimates(place.panel, FIRST, as_json=True)
    told = json.loads(capsys.readouterr().out)
    run = place.run()
    assert (told["run"], told["wave"], told["simulated"]) == (run.id, FIRST, True)
    assert f"of {told['areas']} figures" in lines[0]
    assert f" {told['adding']} add " in lines[0]
    assert {each["table"] for each in told["headlines"]} == set(ASKED[FIRST])
    assert sum(each["adding"] for each in told["headlines"]) == told["adding"]
    assert all(0 <= each["reliability"] <= 1 for each in told["headlines"])
    written = pd.read_csv(told["file"], dtype={"area": str}, keep_default_na=False)
    for code in sorted(written.loc[written["level"] == "municipality", "area"].unique()):
        estimates(place.panel, FIRST, areas=code, as_json=True)
        area = json.loads(capsys.readouterr().out)
        assert (area["area"], area["level"], area["up_to_date"]) == (code, "municipality", True)
        rows = written[(written["area"] == code) & (written["wave"] == FIRST)]
        for figure, (_, row) in zip(area["estimates"], rows.iterrows(), strict=True):
            assert (figure["table"], figure["flag"]) == (row["table"], row["flag"])
            assert (figure["value"] is None) == (figure["flag"] == "as_country")
            for name in ("value", "low", "high", "national", "n"):
                found = None if row[name] == "" else float(row[name])
                assert figure[name] == pytest.approx(found), (code, name)
        assert area["adding"] == (rows["flag"] == "").sum()


# ----------------------------------------------------------------------------------- refusals


def test_answers_and_areas_of_two_worlds_never_meet(place: Place) -> None:
    panel = place.defined["themapanel"]
    with existing_store() as store:
        found = open_base(store, place.home / "surveys" / "staat_van_betrokkenheid", None, None)
        real = {**found.run.summary, "base": {**found.run.summary["base"], "simulated": False}}
        on_real = replace(found, run=replace(found.run, summary=real))
        with pytest.raises(Refusal, match="made-up answers"):
            checked_model(store, panel, panel.wave(FIRST), on_real)
        true = panel.model_copy(update={"info": panel.info.model_copy(update={"simulated": False})})
        with pytest.raises(Refusal, match="made-up areas"):
            checked_model(store, true, panel.wave(FIRST), found)
        nowhere = panel.model_copy(update={"info": panel.info.model_copy(update={"places": {}})})
        with pytest.raises(Refusal, match="where somebody lives"):
            checked_model(store, nowhere, panel.wave(FIRST), found)
        empty = panel.wave(FIRST).model_copy(update={"themes": ()})
        with pytest.raises(Refusal, match="fills no dossier"):
            checked_model(store, panel, empty, found)


def test_a_wave_without_profiles_is_refused(place: Place) -> None:
    with pytest.raises(Refusal, match="has no wave"):
        make_estimates(place.panel, "w1900")
    with pytest.raises(Refusal, match="no year 1999"):
        make_estimates(place.panel, FIRST, year=1999)

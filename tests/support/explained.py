"""A small survey in a store of its own: answered, weighted, typed, tabulated, published.

Made by the product's own stages but for Prefect and the workbooks, which explain, export and
diff have nothing to do with.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.line import at_home

from flows.crosstabs.cells import cells_frame
from flows.crosstabs.margins import calibrated_on
from flows.crosstabs.publish import publish
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.tables import Table
from flows.crosstabs.theme_tables import care_of, stored_tables, theme_tables
from flows.crosstabs.tidy import tidy
from flows.definitions import Survey, load_survey
from flows.definitions.options import MISSING_CODES
from flows.dossiers.tidy_csv import write_tables_csv
from flows.edges import inputs_sha256, kept_answers, open_store
from flows.store import Edition, NewBatch, Store, TableRun
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.scheme import weigh, weighting_frame

SURVEY, WAVE, THEME = "klein", "w1", "wijk"
PROFILES = ("rood", "groen", "blauw")

_SURVEY = """
code: klein
title: {nl: Klein onderzoek, en: Small survey}
role: model
profiles: own_answers
waves:
  - code: w1
    title: {nl: Eerste meting, en: First wave}
    period: {nl: mei 2026, en: May 2026}
    field: {start: 2026-05-01, end: 2026-05-31}
    mode: {nl: internet, en: online}
    population: {nl: inwoners, en: residents}
    frame: {nl: panel, en: panel}
    selection: {nl: geloot, en: drawn}
    themes: [wijk]
    sources: [{code: panel, id: id}]
"""
_QUESTIONNAIRE = """
scales:
  eens5:
    options:
      - {code: "1", nl: Helemaal eens, en: Strongly agree}
      - {code: "2", nl: Eens, en: Agree}
      - {code: "3", nl: Neutraal, en: Neutral}
      - {code: "4", nl: Oneens, en: Disagree}
      - {code: "5", nl: Helemaal oneens, en: Strongly disagree}
      - {code: "9", nl: Weet ik niet, en: Don't know, missing: dont_know}
    nets:
      - {code: eens, nl: (Helemaal) eens, en: (Strongly) agree, options: ["1", "2"]}
    headline: eens
    mean: true
    direction: lower
questions:
  - code: G
    dimension: demographic
    type: single
    text: {nl: Geslacht, en: Gender}
    options: [{code: "1", nl: Man, en: Man}, {code: "2", nl: Vrouw, en: Woman}]
  - code: L
    dimension: demographic
    type: number
    text: {nl: Leeftijd, en: Age}
    minimum: 18
  - code: W01
    theme: wijk
    dimension: attitude
    type: scale
    scale: eens5
    text: {nl: Ik woon hier graag, en: I like living here}
  - code: W02
    theme: wijk
    dimension: behaviour
    type: multiple
    text: {nl: "Wat doet u in de buurt?", en: "What do you do in the area?"}
    short: {nl: Doet in de buurt, en: Does in the area}
    options:
      - {code: tuin, nl: De tuin, en: The garden}
      - {code: hulp, nl: Buren helpen, en: Helping neighbours}
      - {code: niets, nl: Niets, en: Nothing, exclusive: true, last: true}
  - code: W03
    theme: wijk
    dimension: attitude
    type: number
    text: {nl: Rapportcijfer voor de buurt, en: Mark for the area}
  - code: W04
    theme: wijk
    dimension: attitude
    type: single
    text: {nl: "Waar voelt u zich thuis?", en: "Where do you feel at home?"}
    base: {question: G, options: ["2"], nl: vrouwen, en: women}
    options:
      - {code: stad, nl: In de stad, en: In the city}
      - {code: dorp, nl: In een dorp, en: In a village}
  - code: W06
    theme: wijk
    dimension: attitude
    type: grid
    scale: eens5
    overview: true
    text: {nl: "Wat vindt u van de buurt?", en: "What about the area?"}
    items: [{code: a, nl: Het is er schoon, en: It is clean}]
  - code: W05
    dimension: attitude
    type: open
    text: {nl: "Wat wilt u nog kwijt?", en: "Anything to add?"}
derived:
  - code: jong
    kind: bands
    of: [L]
    text: {nl: Leeftijd, en: Age}
    levels:
      - {code: ja, nl: jonger dan 45, en: under 45, high: 44}
      - {code: nee, nl: 45 of ouder, en: 45 or over, low: 45}
"""
_PROFILES = """
version: "k1"
valid_from: 2026-01-01
items: []
golden: []
axes: {}
profiles:
  - {code: rood, nl: Rode profiel, en: Red profile, alias: {nl: Rood, en: Red}}
  - {code: groen, nl: Groene profiel, en: Green profile, alias: {nl: Groen, en: Green}}
  - {code: blauw, nl: Blauwe profiel, en: Blue profile, alias: {nl: Blauw, en: Blue}}
"""
_WEIGHTING = """
method: raking
margins:
  - variable: G
    targets: {"1": 0.5, "2": 0.5}
    source: {nl: CBS, en: Statistics Netherlands}
    reference_date: 2026-01-01
  - variable: jong
    targets: {ja: 0.4, nee: 0.6}
    source: {nl: CBS, en: Statistics Netherlands}
    reference_date: 2026-01-01
"""
_DOSSIER = """
publisher: Bureau
contact: Bureau
usage: Vrij
next_edition: Later
coverage: Wie geen internet heeft doet niet mee.
themes:
  - code: wijk
    title: {nl: Wijk, en: Area}
    questions: [W01, W02, W03, W04, W06]
"""


def write_survey(folder: Path) -> Path:
    """The definition of the survey in `folder/klein`."""
    place = folder / SURVEY
    place.mkdir(parents=True)
    for name, text in (
        ("survey", _SURVEY),
        ("questionnaire", _QUESTIONNAIRE),
        ("profiles", _PROFILES),
        ("weighting", _WEIGHTING),
        ("dossier", _DOSSIER),
    ):
        (place / f"{name}.yaml").write_text(text.lstrip(), encoding="utf-8")
    return place


SMALL_THIRD = (0.62, 0.33, 0.05)
"""Shares of the profiles of which the third is too small to be shown."""
ALL_LARGE = (0.5, 0.3, 0.2)


def answers(
    n: int = 400, seed: int = 1, shares: tuple[float, float, float] = SMALL_THIRD
) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers of n people, of whom the last eight are left out, and everybody's profile.

    What people think of their area depends on the profile.
    """
    rng = np.random.default_rng(seed)
    profile = rng.choice(3, n, p=shares)

    def coded(codes: np.ndarray, *names: str) -> pd.Categorical:
        return pd.Categorical.from_codes(codes, [*names, *MISSING_CODES])

    woman = rng.random(n) < 0.55
    kind = rng.choice(3, n, p=[0.9, 0.06, 0.04])
    agree = np.clip(np.rint(rng.normal(1.2 + 1.6 * profile, 1.0)), 0, 4).astype(int)
    ticks = rng.random((n, 2)) < 0.4
    nothing = ~ticks.any(axis=1) & (rng.random(n) < 0.9)
    known = rng.random(n) < 0.93
    skipped, not_asked = MISSING_CODES.index(".skipped"), MISSING_CODES.index(".not_asked")
    village = (rng.random(n) < 0.3 + 0.2 * profile).astype(int)
    frame = pd.DataFrame(
        {
            "respondent": [f"r{i:020x}" for i in range(n)],
            "status": ["kept"] * (n - 8) + ["speeder"] * 5 + ["no_answers"] * 3,
            "duration": 10.0,
            "progress": 100.0,
            "completed": "2026-05-20",
            "G": coded(woman.astype(int), "1", "2"),
            "L": rng.integers(18, 90, n).astype(float),
            "L__missing": pd.Categorical([""] * n, categories=["", *MISSING_CODES]),
            "W01": coded(np.choose(kind, [agree, 5, 5 + skipped]), "1", "2", "3", "4", "5"),
            "W02_tuin": coded(np.where(ticks[:, 0], 0, 1), "1", "0"),
            "W02_hulp": coded(np.where(ticks[:, 1], 0, 1), "1", "0"),
            "W02_niets": coded(np.where(nothing, 0, 1), "1", "0"),
            "W03": np.where(known, np.round(rng.normal(7 - 0.4 * profile, 1.2, n), 1), np.nan),
            "W03__missing": pd.Categorical(
                np.where(known, "", ".refused"), categories=["", *MISSING_CODES]
            ),
            "W04": coded(np.where(woman, village, 2 + not_asked), "stad", "dorp"),
            "W06_a": coded(rng.integers(0, 5, n), "1", "2", "3", "4", "5"),
            "W05": ["=1+1", "-", *["een antwoord, met komma"] * (n - 2)],
        }
    )
    return frame, np.array(PROFILES, dtype=object)[profile]


def add_answers(store: Store, frame: pd.DataFrame, name: str = "a") -> None:
    """Store the answers as if they came in a file of this name."""
    refused = pd.DataFrame(
        {"respondent": ["rx"], "rule": ["unique"], "column": ["respondent"], "value": ["rx"]}
    )
    counts = {"read": len(frame) + 1, "quarantined": 1, "speeder": 5, "no_answers": 3}
    batch = NewBatch(
        survey=SURVEY,
        wave=WAVE,
        source="panel",
        source_name="panel.csv",
        source_sha256=name * 64,
        reading_sha256="e" * 64,
    )
    store.add_batch(batch, frame, refused, {"counts": {**counts, "kept": len(frame) - 8}})


def make_weights(store: Store, survey: Survey) -> None:
    kept = kept_answers(store, survey, survey.wave(WAVE))
    frame = weighting_frame(kept, survey.questionnaire, survey.weighting)
    made = weigh(frame, survey.weighting)
    inputs = inputs_sha256(
        store.current_batches(SURVEY, WAVE), survey.weighting.model_dump(mode="json")
    )
    weights = pd.DataFrame({"respondent": kept["respondent"], "weight": made.weights})
    store.add_weighting(
        SURVEY, WAVE, inputs, weights, weighting_summary(made, survey.weighting, frame)
    )


def make_profiles(
    store: Store, people: pd.Series, profile: np.ndarray, version: str = "k1"
) -> None:
    """A model that names the profiles, and a typing by it; one person is not typed."""
    names = [{"nl": f"Profiel {code}", "en": f"Profile {code}"} for code in PROFILES]
    model = store.add_model(
        SURVEY,
        version,
        "draft",
        inputs_sha256([], version),
        {"model": {"codes": list(PROFILES), "names": names}},
        {},
    )
    assigned = np.array(profile, dtype=object)
    assigned[0] = ""
    frame = pd.DataFrame({"respondent": people, "profile": assigned})
    for code in PROFILES:
        frame[f"p_{code}"] = np.where(profile == code, 0.7, 0.15)
    sizes = {code: int((assigned == code).sum()) for code in PROFILES}
    store.add_typing(
        SURVEY,
        WAVE,
        model.id,
        inputs_sha256(store.current_batches(SURVEY, WAVE), version),
        frame,
        {"model": version, "sizes": sizes},
    )


def tabulated(store: Store, survey: Survey) -> tuple[Table, ...]:
    """The tables of the theme from the current weights and profiles."""
    kept = kept_answers(store, survey, survey.wave(WAVE))
    weighting, typing = store.current_weighting(SURVEY, WAVE), store.current_typing(SURVEY, WAVE)
    assert weighting is not None
    assert typing is not None
    margins, base = calibrated_on(survey, WAVE, kept, weighting.summary)
    weights = store.read_weighting(weighting.id)["weight"]
    profile = store.read_typing(typing.id).set_index("respondent")["profile"]
    profile = profile.reindex(kept["respondent"]).to_numpy()
    return theme_tables(survey, WAVE, THEME, kept, profile, weights, margins, base)


def make_tables(store: Store, survey: Survey) -> TableRun:
    weighting, typing = store.current_weighting(SURVEY, WAVE), store.current_typing(SURVEY, WAVE)
    assert weighting is not None
    assert typing is not None
    tables = tabulated(store, survey)
    kept = kept_answers(store, survey, survey.wave(WAVE))
    profile = store.read_typing(typing.id).set_index("respondent")["profile"]
    sizes = profile_sizes(
        profile.reindex(kept["respondent"]).to_numpy(),
        PROFILES,
        store.read_weighting(weighting.id)["weight"],
    )
    return store.add_table_run(
        SURVEY,
        WAVE,
        THEME,
        weighting.id,
        typing.id,
        inputs_sha256(
            store.current_batches(SURVEY, WAVE),
            weighting.inputs_sha256,
            typing.inputs_sha256,
            survey.questionnaire.model_dump(mode="json"),
            survey.dossier.model_dump(mode="json"),
        ),
        cells_frame(tables),
        {
            "tables": len(tables),
            "respondents": len(kept),
            "sizes": [asdict(size) for size in sizes],
        },
    )


def make_edition(store: Store, survey: Survey, run: TableRun, outputs: Path) -> Edition:
    """The files of an edition that others read: numbers, codebook, manifest."""
    made = stored_tables(store.read_table_run(run.id), survey, THEME)
    tables = publish(made, survey.dossier.publication, theme=THEME, care=care_of(survey))
    number = store.next_edition_number(SURVEY, THEME)
    outputs.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(dir=outputs))
    numbers = tidy(tables, SURVEY, WAVE, number)
    write_tables_csv(numbers, built / "tables.csv")
    trace = store.trace(run.id)
    inputs = {
        "batches": {
            batch.source_name: {"source": batch.source_sha256, "data": batch.data_sha256}
            for batch in trace.batches
        },
        "weighting": trace.weighting.data_sha256,
        "typing": trace.typing.data_sha256,
        "model": {"version": trace.model.version, "inputs": trace.model.inputs_sha256},
        "tables": run.data_sha256,
    }
    book = {
        "publication": survey.dossier.publication.model_dump(mode="json"),
        "columns": [
            {"code": p.code, "label": {"nl": p.nl, "en": p.en}} for p in survey.profiles.profiles
        ],
        "tables": [
            {
                "number": table.identity.number,
                "text": table.identity.text.model_dump(),
                "rows": [{"code": row.code, "label": row.label.model_dump()} for row in table.rows],
            }
            for table in tables.tables
        ],
    }
    manifest = {
        "survey": SURVEY,
        "wave": WAVE,
        "theme": THEME,
        "edition": number,
        "state": "draft",
        "inputs": inputs,
        "code_version": run.code_version,
    }
    for name, entries in (("codebook", book), ("manifest", manifest)):
        (built / f"{name}.json").write_text(json.dumps(entries), encoding="utf-8")
    said = inputs_sha256([], book, numbers.to_csv())
    return store.publish_edition(
        SURVEY, THEME, WAVE, said, built, outputs, "draft", inputs, number=number
    )


def process(home: Path, frame: pd.DataFrame, profile: np.ndarray, version: str = "k1") -> None:
    """The line from weights to an edition, from the answers that the store at `home` has."""
    survey = load_survey(home / "surveys" / SURVEY)
    with open_store() as store:
        make_weights(store, survey)
        make_profiles(store, frame["respondent"], profile, version)
        make_edition(store, survey, make_tables(store, survey), home / "outputs" / SURVEY)


def processed(home: Path, shares: tuple[float, float, float] = SMALL_THIRD) -> Path:
    """A home with the survey's definition, answers and first edition."""
    write_survey(home / "surveys")
    frame, profile = answers(shares=shares)
    with pytest.MonkeyPatch.context() as patch:
        at_home(home, patch)
        with open_store() as store:
            add_answers(store, frame)
        process(home, frame, profile)
    return home


def copied(source: Path, home: Path, patch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may change; the settings point there, and it is where we are."""
    shutil.copytree(source, home, dirs_exist_ok=True)
    at_home(home, patch)
    patch.chdir(home)
    return home

"""Between waves and between versions: what the store holds, compared, as pages and tables.

Nothing here is stored: everything can be made again from the answers, the weights and the
versions of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Wave
from flows.edges import (
    Done,
    existing_store,
    find_wave,
    kept_answers,
    survey_outputs,
    weights_of,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.ingest.derive import derive
from flows.ingest.errors import NotInWave
from flows.profiles import crosswalk as across
from flows.profiles.answers import score_matrix
from flows.profiles.between_pages import (
    crosswalk_page,
    crosswalk_rows,
    trend_page,
    trend_report,
    trend_rows,
)
from flows.profiles.change import trend_of
from flows.profiles.drift import Answers, Drift, item_drift
from flows.profiles.errors import ProfileError
from flows.profiles.model import ProfileModel
from flows.profiles.numbers import compare_numbers
from flows.profiles.trend import Resized, resize
from flows.profiles.versions import needs_own_profiles
from flows.store import ModelRecord, Store

Floats = NDArray[np.float64]

MOST_LOOKS = 2
"""The page has them all; a command ends with five lines at most."""
UNWEIGHTED = "is not weighted: run 'themadossier weigh {folder} --wave {wave}' first."


@dataclass(frozen=True, eq=False)
class Measured:
    """One wave as it goes into a comparison; `weights` and `margins` are None without them."""

    wave: Wave
    answers: pd.DataFrame
    weights: Floats | None
    margins: pd.DataFrame | None

    @property
    def people(self) -> list[str]:
        """The pseudonym of every respondent."""
        return self.answers["respondent"].astype(str).tolist()

    def resized(self, model: ProfileModel, survey: Survey, without: tuple[str, ...]) -> Resized:
        """The sizes of the model's profiles in this wave."""
        return resize(
            model,
            self.answers,
            survey.questionnaire,
            self.weights,
            margins=self.margins,
            without=without,
        )


def profile_trend(folder: Path, version: str | None = None) -> Done:
    """Sizes of the profiles in every wave in the store that holds the items, and what changed.

    By one version of the model: the one named, else the accepted one, else the draft. Writes
    `reports/trend-<version>.html`, `.csv` and `.json`. Refuses a survey typed by another's
    model, one without a model, and one with fewer than two waves that can be compared.
    """
    survey = load_survey(folder)
    looks: list[str] = []
    with existing_store() as store:
        record = _model(store, survey, folder, version)
        model = ProfileModel.from_dict(dict(record.parameters["model"]))
        waves = _waves(store, survey, model, folder, looks)
    if len(waves) < 2:
        have = waves[0].wave.code if waves else "none"
        raise Refusal(
            f"{survey.code}: a trend needs two waves in the store with the items of profile model "
            f"{record.version}; there is {have}. Ingest another wave first."
        )
    codes = [each.wave.code for each in waves]
    people = [each.people for each in waves]
    trend = trend_of(codes, [each.resized(model, survey, ()) for each in waves], people)
    drifts = [_drift(model, survey, waves[a], waves[b]) for a, b in _pairs(len(waves))]
    drifted = tuple(dict.fromkeys(item for drift in drifts for item in drift.drifted))
    spared = None
    if drifted and len(drifted) < len(model.items) / 2:
        kept = [each.resized(model, survey, drifted) for each in waves]
        spared = trend_of(codes, kept, people)
    looks[:0] = _drift_looks(drifts, drifted)
    looks.extend(line for line in record.summary.get("attention", ()) if "not steady" in line)
    report = trend_report(survey, record, model, trend, drifts, drifted, spared, looks)
    out = survey_outputs(survey.code) / "reports"
    out.mkdir(exist_ok=True)
    csv = out / f"trend-{record.version}.csv"
    write_whole(csv, trend_rows(report).to_csv(index=False))
    write_json(csv.with_suffix(".json"), report)
    page = write_whole(csv.with_suffix(".html"), trend_page(report))
    changed = _changed(report)
    lines = [
        f"Profile sizes by model {record.version}{_draft(record)} in {', '.join(codes)}: {changed}",
        *_shown(looks),
        f"Page: {page}",
        f"Figures: {csv}",
    ]
    return Done((record.id,), tuple(lines))


def crosswalk(folder: Path, version_a: str, version_b: str, wave: str) -> Done:
    """What became of the profiles of `version_a` in `version_b`, on the people of one wave.

    Writes `reports/crosswalk-<a>-<b>.html` and `.csv`. Refuses versions that the store does
    not know and a wave that lacks an item of either.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    if version_a == version_b:
        raise Refusal(f"{survey.code}: {version_a} was named twice; name two versions to compare.")
    looks: list[str] = []
    with existing_store() as store:
        records = [_model(store, survey, folder, each) for each in (version_a, version_b)]
        here = _measured(store, survey, defined, folder, looks)
    old, new = (ProfileModel.from_dict(dict(each.parameters["model"])) for each in records)
    found = across.crosswalk(
        old, new, here.answers, survey.questionnaire, survey.profiles.axes, here.weights
    )
    out = survey_outputs(survey.code) / "reports"
    out.mkdir(exist_ok=True)
    csv = out / f"crosswalk-{version_a}-{version_b}.csv"
    write_whole(csv, crosswalk_rows(found, old, new, survey.code, wave).to_csv(index=False))
    page = write_whole(
        csv.with_suffix(".html"), crosswalk_page(found, old, new, survey, defined, looks)
    )
    lines = [
        f"From {version_a} to {version_b} on {found.n:,} people of {wave}: {found.statement}",
        *_shown(looks),
        f"Page: {page}",
        f"Figures: {csv}",
    ]
    return Done(tuple(each.id for each in records), tuple(lines))


def argue_number(folder: Path, wave: str) -> Done:
    """How many profiles the answers of a wave hold, beside the number that the plan has.

    Writes `reports/numbers-<wave>.csv` and stores nothing.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    needs_own_profiles(survey)
    looks: list[str] = []
    with existing_store() as store:
        here = _measured(store, survey, defined, folder, looks)
    found = compare_numbers(here.answers, survey.questionnaire, survey.profiles, here.weights)
    out = survey_outputs(survey.code) / "reports"
    out.mkdir(exist_ok=True)
    rows = pd.DataFrame(found.to_dict()["rows"])
    csv = write_whole(out / f"numbers-{wave}.csv", rows.to_csv(index=False))
    argument, verdict = found.sentence.split(". ", 1)
    lines = [
        f"{len(rows)} numbers of profiles compared on {len(here.answers):,} people of {wave}: "
        f"{argument}.",
        verdict if found.supported else f"LOOK: {verdict}",
        *_shown(looks)[:1],
        f"Per number: {csv}",
        f"Next: themadossier profiles fit {folder} --wave {wave}",
    ]
    return Done((), tuple(lines))


# ------------------------------------------------------------------------------ from the store


def _model(store: Store, survey: Survey, folder: Path, version: str | None) -> ModelRecord:
    needs_own_profiles(survey)
    found = store.model(survey.code, version)
    if found is None:
        have = ", ".join(dict.fromkeys(each.version for each in store.models(survey.code)))
        raise Refusal(
            f"{survey.code}: there is no profile model {version or 'at all'} in the store "
            f"({f'it has {have}' if have else 'it has none'}). Fit one with 'themadossier profiles "
            f"fit {folder} --wave W'."
        )
    return found


def _waves(
    store: Store, survey: Survey, model: ProfileModel, folder: Path, looks: list[str]
) -> list[Measured]:
    """The waves with answers to the items, in time order; `looks` says why others are not."""
    found = []
    for wave in sorted(survey.info.waves, key=lambda each: each.field.start):
        if not store.current_batches(survey.code, wave.code):
            continue
        said: list[str] = []
        here = _measured(store, survey, wave, folder, said)
        try:
            score_matrix(here.answers, survey.questionnaire, model.items)
        except ProfileError as lacking:
            looks.append(f"{wave.code} is left out: {lacking}")
            continue
        looks.extend(said)
        found.append(here)
    return found


def _measured(store: Store, survey: Survey, wave: Wave, folder: Path, looks: list[str]) -> Measured:
    answers = kept_answers(store, survey, wave)
    record = store.current_weighting(survey.code, wave.code)
    if record is None:
        looks.append(f"{wave.code} " + UNWEIGHTED.format(folder=folder, wave=wave.code))
        return Measured(wave, answers, None, None)
    weights = weights_of(store, survey, wave, answers)
    plain = not record.summary.get("collapsed")
    return Measured(wave, answers, weights, _margins(survey, answers) if plain else None)


def _margins(survey: Survey, answers: pd.DataFrame) -> pd.DataFrame | None:
    """Everybody's levels of the margins weighted on; None where these are not so plain.

    Margins that hold within groups, or of which levels were merged, are not gone into: then the
    weights count as given, and standard errors come out somewhat too large.
    """
    plan = survey.weighting
    if plan is None or plan.groups is not None or plan.method == "poststratify":
        return None
    try:
        return derive(answers, survey.questionnaire, [m.variable for m in plan.margins])
    except (NotInWave, KeyError, ValueError):
        return None


def _pairs(waves: int) -> list[tuple[int, int]]:
    pairs = [(w, w + 1) for w in range(waves - 1)]
    return [*pairs, (0, waves - 1)] if waves > 2 else pairs


def _drift(model: ProfileModel, survey: Survey, a: Measured, b: Measured) -> Drift:
    return item_drift(
        model,
        survey.questionnaire,
        Answers(a.wave.code, a.answers, a.people, a.weights),
        Answers(b.wave.code, b.answers, b.people, b.weights),
    )


# ------------------------------------------------------------------------------ what is told


def _drift_looks(drifts: list[Drift], drifted: tuple[str, ...]) -> list[str]:
    said = []
    if drifted:
        said.append(
            f"{len(drifted)} item{'s' if len(drifted) > 1 else ''} drifted ({', '.join(drifted)}): "
            "the page shows the change without them."
        )
    unsettled = [drift for drift in drifts if not drift.settled]
    if unsettled:
        pairs = ", ".join(f"{drift.before}-{drift.after}" for drift in unsettled)
        said.append(
            f"{pairs}: so many items moved in ways of their own that it cannot be told which "
            "drifted; do not publish this change."
        )
    return said


def _changed(report: dict[str, object]) -> str:
    rows = [row for row in report["changes"] if row["changed"]]  # type: ignore[attr-defined]
    if not rows:
        return "no profile changed beyond chance."
    most = max(rows, key=lambda row: abs(row["change"]))
    return (
        f"{len(rows)} changes beyond chance, the largest {most['name']}, "
        f"{100 * most['change']:+.1f} points ({100 * most['low']:+.1f} to "
        f"{100 * most['high']:+.1f}) from {most['before']} to {most['after']}."
    )


def _shown(looks: list[str]) -> list[str]:
    shown = [f"LOOK: {line}" for line in looks[:MOST_LOOKS]]
    if looks[MOST_LOOKS:]:
        shown[-1] += f" ({len(looks) - MOST_LOOKS} more on the page)"
    return shown


def _draft(record: ModelRecord) -> str:
    return "" if record.state == "accepted" else " (a draft)"

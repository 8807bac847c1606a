"""What area estimates rest on: checks, the waves that feed a run, and the people of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.area_estimates.estimates import EstimateRules
from flows.crosstabs.area_estimates.fitting import WaveAnswers
from flows.crosstabs.area_estimates.ground import Respondents
from flows.crosstabs.area_estimates.headlines import headlines_of
from flows.crosstabs.layout.layouts import layouts
from flows.definitions import Survey
from flows.definitions.waves import Wave
from flows.edges import batches_of, kept_answers, weights_of
from flows.errors import Refusal
from flows.fingerprint import code_version, of_json
from flows.ingest.derive import derive
from flows.ingest.errors import NotInWave
from flows.profiles.model import ProfileModel
from flows.profiles.projection.engine import AreaEngine
from flows.profiles.projection.people import panel_typing
from flows.profiles.projection.places import area_codes
from flows.store import ModelRecord, Store
from flows.workbench.area_base import Base

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Basis:
    """The waves that feed a run, with the hash of what each brings, and what all share."""

    waves: tuple[Wave, ...]
    hashes: tuple[str, ...]
    shared: tuple[Any, ...]
    left_out: tuple[str, ...]

    def inputs(self, wave: str) -> str:
        codes = [each.code for each in self.waves]
        return of_json([wave, dict(zip(codes, self.hashes, strict=True)), *self.shared])


def checked_model(store: Store, survey: Survey, wave: Wave, found: Base) -> ModelRecord:
    """The model of the area run; refuses answers that do not belong with its areas."""
    run = found.run
    simulated = bool(run.summary["base"]["simulated"])
    if survey.info.simulated and not simulated:
        raise Refusal(
            f"{survey.code} is simulated and {run.base} has real areas: nothing is estimated of "
            "real areas from made-up answers. Name a base whose definition says simulated: true."
        )
    if simulated and not survey.info.simulated:
        raise Refusal(
            f"{run.base} has made-up areas and {survey.code} has real answers, which say nothing "
            "of them. Name a base whose definition says simulated: false."
        )
    if not survey.info.places:
        raise Refusal(
            f"{survey.code}: survey.yaml does not say which questions hold where somebody lives, "
            "so nothing tells areas apart. Name them under 'places'."
        )
    record = store.model_by_id(run.model_id)
    panel_typing(store, survey, wave, record, found.survey.code)
    if not _themes(survey, wave):
        raise Refusal(
            f"{survey.code} {wave.code} fills no dossier, so it has no headlines. Name a wave "
            "with themes in survey.yaml."
        )
    return record


def _themes(survey: Survey, wave: Wave) -> list[str]:
    planned = {theme.code for theme in survey.dossier.themes}
    return [theme for theme in wave.themes if theme in planned]


def basis_of_run(store: Store, survey: Survey, found: Base, record: ModelRecord) -> Basis:
    """The waves of the survey that are typed by the model and weighted, and what they hold."""
    waves, hashes, left_out = [], [], []
    for wave in survey.info.waves:
        if not _themes(survey, wave) or not store.current_batches(survey.code, wave.code):
            continue
        weighting = store.current_weighting(survey.code, wave.code)
        try:
            typing = panel_typing(store, survey, wave, record, found.survey.code)
        except Refusal:
            left_out.append(wave.code)
            continue
        if weighting is None:
            left_out.append(wave.code)
            continue
        waves.append(wave)
        batches = sorted(batch.data_sha256 for batch in batches_of(store, survey, wave))
        hashes.append(of_json([batches, typing.data_sha256, weighting.data_sha256]))
    shared = (
        FORMAT,
        code_version(),
        found.run.inputs_sha256,
        survey.questionnaire.model_dump(mode="json"),
        [theme.model_dump(mode="json") for theme in survey.dossier.themes],
        [survey.profiles.items, survey.profiles.golden],
        survey.info.places,
        EstimateRules().model_dump(mode="json"),
    )
    return Basis(tuple(waves), tuple(hashes), shared, tuple(left_out))


def wave_answers(
    store: Store, survey: Survey, wave: Wave, found: Base, record: ModelRecord, model: ProfileModel
) -> WaveAnswers:
    """The kept people of a wave: who they are, where they live, and their headlines."""
    answers = kept_answers(store, survey, wave)
    typing = panel_typing(store, survey, wave, record, found.survey.code)
    typed = store.read_typing(typing.id).set_index("respondent").reindex(answers["respondent"])
    if typed["profile"].isna().any():
        raise Refusal(
            f"{survey.code} {wave.code}: the answers are newer than the profiles. Run "
            f"'themadossier type surveys/{survey.code} --wave {wave.code}' first."
        )
    weights = weights_of(store, survey, wave, answers)
    probabilities = typed[[f"p_{code}" for code in model.codes]].to_numpy(np.float64, copy=True)
    probabilities[(typed["profile"] == "").to_numpy()] = 0.0
    engine = found.world.engine
    people = Respondents(
        probabilities,
        _levels(answers, survey, engine, model),
        engine.places.at_all_levels(area_codes(answers, survey.questionnaire, survey.info.places)),
        weights,
    )
    items = frozenset(survey.profiles.items) | frozenset(survey.profiles.golden)
    headlines = tuple(
        headline
        for theme in _themes(survey, wave)
        for headline in headlines_of(
            layouts(
                answers,
                survey.theme_questions(theme, wave.code),
                wave.code,
                theme,
                items,
                survey.questionnaire,
            ),
            weights,
        )
    )
    return WaveAnswers(wave.code, people, headlines)


def _levels(
    answers: pd.DataFrame, survey: Survey, engine: AreaEngine, model: ProfileModel
) -> NDArray[np.int64]:
    """Everybody's level (n, V) of the engine's demographics, -1 where it is not known."""
    known = dict(zip(model.concomitants.variables, model.concomitants.levels, strict=True))
    columns = []
    for margin in engine.margins:
        place = {level: i for i, level in enumerate(known[margin.name])}
        try:
            values = derive(answers, survey.questionnaire, [margin.name])[margin.name]
        except NotInWave:
            columns.append(np.full(len(answers), -1, dtype=np.int64))
            continue
        lookup = np.array([*(place.get(str(c), -1) for c in values.cat.categories), -1])
        columns.append(lookup[values.cat.codes.to_numpy()].astype(np.int64))
    return np.column_stack(columns)

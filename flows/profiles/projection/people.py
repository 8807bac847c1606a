"""People out of the store, as a projection needs them: cell, memberships, weight, place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions import Survey
from flows.definitions.waves import Wave
from flows.edges import batches_of, kept_answers, weights_of
from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.importing import with_given
from flows.profiles.model import ProfileModel
from flows.profiles.projection.ingredients import TypedPeople
from flows.profiles.projection.places import SURROUNDINGS, Places, area_codes, cells_of
from flows.profiles.replicates import Replicates, replicates_of
from flows.store import ModelRecord, Store, TypingRecord

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_CLUSTERS = 40
"""Fewer areas than this do not tell how much people of one area resemble each other."""
MADE_NOW = 15
"""Replicates of a model that was kept without them: more would take a minute or two."""


@dataclass(frozen=True, eq=False)
class People:
    """n respondents of a wave.

    `memberships` (n, K); `cell` (n,), -1 unknown; `weights` (n,) that average 1; `typed` (n,):
    who answered enough to be told from their demographics; `codes`: the areas they live in, a
    text column per level that was asked. `weighted`: whether there were weights in the store.
    """

    memberships: Floats
    cell: Ints
    weights: Floats
    typed: NDArray[np.bool_]
    codes: pd.DataFrame
    weighted: bool

    def who_tell(self, places: Places) -> TypedPeople:
        """Those who tell how areas differ: typed, of known demographics, with a place."""
        at = places.at_all_levels(self.codes)
        used = self.typed & (self.cell >= 0) & (at[0] >= 0) & (self.weights > 0)
        return TypedPeople(
            self.memberships[used],
            self.cell[used],
            self.weights[used],
            tuple(level[used] for level in at),
        )


def respondents(
    store: Store, survey: Survey, wave: Wave, record: ModelRecord, model: ProfileModel
) -> People:
    """The respondents a model was fitted on, with memberships by all their answers."""
    answers = kept_answers(store, survey, wave)
    measured = assign(model, answers, survey.questionnaire)
    typing = with_given(store, survey, wave, record, answers, measured)
    return _people(store, survey, wave, answers, model, typing.probabilities, typing.typed)


def model_replicates(
    store: Store, survey: Survey, wave: Wave, record: ModelRecord, model: ProfileModel
) -> Replicates | None:
    """Fits of a model on samples of its respondents: as kept with it, or else a few made now.

    None for an imported typology: its profiles were given and not fitted.
    """
    if record.parameters.get("imported") is not None:
        return None
    kept = record.parameters.get("replicates")
    if kept is not None:
        return Replicates.from_dict(kept, model)
    answers = kept_answers(store, survey, wave)
    weighted = record.parameters["fitted_on"]["weights"] is not None
    weights = weights_of(store, survey, wave, answers) if weighted else None
    plan = survey.profiles
    return replicates_of(
        answers, survey.questionnaire, plan, model, weights, min(plan.bootstrap, MADE_NOW)
    )


def panel_typing(
    store: Store, panel: Survey, wave: Wave, record: ModelRecord, source: str
) -> TypingRecord:
    """The typing of a panel wave by this model. Refuses a panel that cannot tell of areas."""
    name = f"{panel.code} {wave.code}"
    if not panel.info.places:
        raise Refusal(
            f"{panel.code}: survey.yaml does not say which questions hold where somebody lives. "
            "Name them under 'places', or project without --panel."
        )
    if panel.info.profiles != "own_answers" and panel.info.model_survey != source:
        raise Refusal(
            f"{panel.code} is typed by the profiles of {panel.info.model_survey}, not of {source}. "
            f"Name a panel whose survey.yaml has model_survey: {source}."
        )
    typing = store.current_typing(panel.code, wave.code)
    again = f"Run 'themadossier type surveys/{panel.code} --wave {wave.code}' first."
    if typing is None:
        raise Refusal(f"{name}: nobody is typed yet. {again}")
    other = store.model_by_id(typing.model_id)
    if other.parameters["model"] != record.parameters["model"]:
        what = "an earlier draft of" if other.version == record.version else f"{other.version}, not"
        raise Refusal(f"{name}: people are typed by {what} profile model {record.version}. {again}")
    return typing


def panel_members(
    store: Store, panel: Survey, wave: Wave, model: ProfileModel, typing: TypingRecord
) -> People:
    """The kept people of a panel wave, with memberships by their typing in the store."""
    answers = kept_answers(store, panel, wave)
    found = store.read_typing(typing.id).set_index("respondent").reindex(answers["respondent"])
    if found["profile"].isna().any():
        raise Refusal(
            f"{panel.code} {wave.code}: the answers are newer than the profiles. Run "
            f"'themadossier type surveys/{panel.code} --wave {wave.code}' first."
        )
    memberships = found[[f"p_{code}" for code in model.codes]].to_numpy(dtype=np.float64)
    typed = (found["profile"] != "").to_numpy()
    return _people(store, panel, wave, answers, model, memberships, typed)


def clusters_of(people: People, used: NDArray[np.bool_]) -> NDArray[np.str_] | None:
    """The coarsest areas of which there are enough, per person used; None without any."""
    for level in SURROUNDINGS:
        if level in people.codes:
            codes = people.codes[level].to_numpy(dtype=str)[used]
            if len(np.unique(codes[codes != ""])) >= FEWEST_CLUSTERS:
                alone = np.char.add("-", np.arange(len(codes)).astype(str))
                return np.where(codes == "", alone, codes)
    return None


def batches_used(store: Store, survey: Survey, wave: Wave) -> list[int]:
    """Ids of the batches that a wave's people come from."""
    return [batch.id for batch in batches_of(store, survey, wave)]


def _people(
    store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame, model: ProfileModel,
    memberships: Floats, typed: NDArray[np.bool_],
) -> People:  # fmt: skip
    lacking = model.concomitants.absent(answers, survey.questionnaire)
    if lacking:
        raise Refusal(
            f"{survey.code} {wave.code}: these answers lack {', '.join(lacking)}, by which people "
            "are compared with others of their demographics. Take a wave that asked it."
        )
    weighted = store.current_weighting(survey.code, wave.code) is not None
    weights = weights_of(store, survey, wave, answers) if weighted else np.ones(len(answers))
    return People(
        memberships,
        cells_of(answers, survey.questionnaire, model.concomitants),
        weights / weights.mean(),
        typed,
        area_codes(answers, survey.questionnaire, survey.info.places),
        weighted,
    )

"""Tables of a wave per true profile, corrected for errors in typing: for the analyst, unrounded.

Nothing is stored or published. The same answers, weights and profiles are used as for the
dossiers; `flows.crosstabs.corrected` says what is computed and what it supposes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.banner import banner_of, filtered
from flows.crosstabs.cells import cells_frame
from flows.crosstabs.corrected import Correction, corrected_frame, corrected_tables, correction_of
from flows.crosstabs.counts import Counted, count_tables
from flows.crosstabs.crosstab import checked_weights, tables_of
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.margins import calibrated_on, design_of
from flows.crosstabs.tables import Table
from flows.definitions import Survey, load_survey
from flows.definitions.dossier_plan import PROFILE
from flows.definitions.waves import Wave
from flows.edges import existing_store, find_wave, kept_answers, profiles_of_people, weights_of
from flows.errors import Refusal
from flows.profiles.typing import TypingModel
from flows.statistics.misclassification import (
    Classification,
    classification,
    known_classification,
)
from flows.statistics.variance import weighted_sample
from flows.store.records import ModelRecord

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CorrectedEstimates:
    """The tables as `assigned` and as `corrected`, in the same order.

    `correction`: how far the typing carries, with notes; `source` says where its errors were
    measured. `concept`: the profile model is not accepted yet.
    """

    assigned: tuple[Table, ...]
    corrected: tuple[Table, ...]
    correction: Correction
    source: str
    concept: bool

    def frame(self) -> pd.DataFrame:
        """Every cell of both, unrounded, told apart by `basis` (measured, corrected).

        The columns of `cells_frame`. The total stands in the measured part only.
        """
        measured = cells_frame(self.assigned).assign(basis="measured")
        corrected = corrected_frame(self.corrected)
        corrected = corrected[corrected["basis"] == "corrected"]
        return pd.concat([measured, corrected], ignore_index=True)


def corrected_estimates(
    folder: Path,
    wave: str,
    rows: Sequence[str] = (),
    conditions: Mapping[str, Sequence[str]] | None = None,
) -> CorrectedEstimates:
    """Tabulate questions of a processed wave by profile, as assigned and corrected.

    folder: of the survey. rows: codes of questions (default: of all themes of the wave).
    conditions: variable -> codes, all to be met, as in `banner.filtered`.

    Refuses a wave without weights or profiles, and a model whose typing errors are not known
    or too large, among the people of a filter too.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    questions = _questions(survey, defined, rows)
    questionnaire, known = survey.questionnaire, survey.profiles.profiles
    with existing_store() as store:
        answers = kept_answers(store, survey, defined)
        weights = weights_of(store, survey, defined, answers)
        profiles = profiles_of_people(store, survey, defined, answers)
        weighting = store.current_weighting(survey.code, wave)
        typing = store.current_typing(survey.code, wave)
        assert weighting is not None
        assert typing is not None
        record = store.model_by_id(typing.model_id)
        typed = store.read_typing(typing.id).set_index("respondent")
    domain = filtered(answers, questionnaire, conditions, profiles, known) if conditions else None
    if domain is not None and not domain.any():
        raise Refusal(f"Nobody in {survey.code} {wave} meets the filter; ask for more people.")
    typed = typed.reindex(answers["respondent"])
    made, source = _classification(survey, record, typed, profiles, weights, domain)
    margins, base = calibrated_on(survey, wave, answers, weighting.summary)
    n = len(answers)
    sample = weighted_sample(
        checked_weights(weights, n),
        np.zeros(n, dtype=np.int64),
        1,
        margins,
        base,
        design=design_of(defined, questionnaire, answers),
    )
    items = frozenset(survey.profiles.items) | frozenset(survey.profiles.golden)
    tables = layouts(
        answers,
        tuple(questionnaire.question(code) for code in questions),
        wave,
        "",
        items,
        questionnaire,
    )
    banner = banner_of(answers, questionnaire, [[PROFILE]], profiles, known)
    counted = count_tables(sample, tables, banner, domain)
    publication = survey.dossier.publication
    return CorrectedEstimates(
        assigned=tables_of(counted, publication),
        corrected=corrected_tables(counted, made, publication),
        correction=correction_of(made, survey.profiles.codes, _sizes(counted)),
        source=source,
        concept=record.state != "accepted",
    )


def _questions(survey: Survey, wave: Wave, rows: Sequence[str]) -> tuple[str, ...]:
    for code in rows:
        if not survey.questionnaire.has(code):
            raise Refusal(
                f"{survey.code} has no question {code}; the codes stand in "
                f"surveys/{survey.code}/questionnaire.yaml."
            )
        if not survey.questionnaire.question(code).asked_in(wave.code):
            raise Refusal(f"{survey.code} {wave.code} did not ask {code}; name another question.")
    asked = [q.code for theme in wave.themes for q in survey.theme_questions(theme, wave.code)]
    chosen = tuple(dict.fromkeys(rows or asked))
    if not chosen:
        raise Refusal(f"{survey.code} {wave.code} fills no dossier; name questions to tabulate.")
    return chosen


def _sizes(counted: Counted) -> Floats:
    """Weighted shares assigned (K) of the people tabulated."""
    groups = np.asarray(counted.banner.axes[0].groups)
    weights = counted.samples[0].people[:, 1]
    inside = groups >= 0
    if counted.domain is not None:
        inside &= counted.domain
    sizes = np.bincount(groups[inside], weights[inside], len(counted.banner.axes[0].columns))
    result: Floats = sizes / sizes.sum()
    return result


def _classification(
    survey: Survey,
    record: ModelRecord,
    typed: pd.DataFrame,
    profiles: NDArray[np.object_],
    weights: Floats,
    domain: NDArray[np.bool_] | None = None,
) -> tuple[Classification, str]:
    """The errors of typing, in the order of the survey's profiles, and where they come from.

    People placed by all items of the model have them from their own probabilities; those typed
    by the golden questions have those that were measured when the typing was fitted. Both judge
    by the model's own probabilities, from answers that typing shares: that flatters typing, so
    what is corrected is rather too little than too much.

    Errors depend on who is typed, and most where typing uses the very variable of a filter. So
    of part of the people (`domain`, n) they are always from their own probabilities.
    """
    codes = survey.profiles.codes
    if domain is not None or survey.info.profiles == "own_answers":
        inside = profiles != ""
        if domain is not None:
            inside &= domain
            _check_part(survey, typed, profiles, inside)
        assigned = np.array([codes.index(code) for code in profiles[inside]], dtype=np.int64)
        posterior = typed[[f"p_{code}" for code in codes]].to_numpy(np.float64)[inside]
        made = classification(assigned, posterior, weights[inside])
        return made, f"the probabilities of these respondents by {record.version}"
    kept = record.parameters.get("typing")
    typing = TypingModel.from_dict(kept) if kept else None
    quality = typing.quality if typing else None
    if typing is None or quality is None or not quality.classification:
        raise Refusal(
            f"Profile model {record.version} does not tell how often typing goes wrong, so nothing "
            "can be corrected; fit the model again with 'themadossier profiles fit'."
        )
    if set(typing.codes) != set(codes):
        raise Refusal(
            f"Profile model {record.version} has other profiles than surveys/{survey.code}/"
            "profiles.yaml; type this wave again with the present model."
        )
    place = [typing.codes.index(code) for code in codes]
    rates = np.array(quality.classification)[np.ix_(place, place)]
    errors = (
        np.array(quality.classification_se)[np.ix_(place, place)]
        if quality.classification_se
        else None
    )
    source = f"people held out when {record.version} learned to type ({quality.n:,})"
    return known_classification(rates, errors), source


def _check_part(
    survey: Survey,
    typed: pd.DataFrame,
    profiles: NDArray[np.object_],
    inside: NDArray[np.bool_],
) -> None:
    """Refuse a filter (with a profile: `inside`, n) whose people's errors cannot be known."""
    if not inside.any():
        raise Refusal(
            f"Nobody in {survey.code} who meets the filter has a profile; ask for more people."
        )
    names = [f"p_{code}" for code in survey.profiles.codes]
    if not set(names) <= set(typed.columns) or typed.loc[inside, names].isna().any(axis=None):
        raise Refusal(
            f"The typing of {survey.code} does not keep how likely each profile is for all who "
            "meet the filter, so its errors among them are not known; tabulate everybody."
        )
    likely = typed.loc[inside, names].sum(axis=0).to_numpy() > 0
    given = np.isin(survey.profiles.codes, profiles[inside])
    absent = [
        code for code, gone in zip(survey.profiles.codes, likely & ~given, strict=True) if gone
    ]
    if absent:
        raise Refusal(
            f"Nobody in {survey.code} who meets the filter was given profile {', '.join(absent)}, "
            "so those who belong there cannot be told from the others; widen the filter."
        )

"""Suggests golden questions for the next fieldwork; it stores nothing and changes nothing."""

from __future__ import annotations

from pathlib import Path

from flows.definitions import load_survey
from flows.definitions.questionnaire import Questionnaire
from flows.edges import Done, existing_store, find_wave, kept_answers, weights_of
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.selection import Selection, choose_golden
from flows.profiles.typing import fit_typing
from flows.profiles.typing_quality import TypingQuality


def suggest_questions(folder: Path, wave: str, number: int = 10) -> Done:
    """Choose golden questions for a survey's model on the stored answers of a wave.

    Lines: the questions in order with the held-out log loss after each, how well they type
    beside those that profiles.yaml names now, which are one item of a grid, and what to write
    into profiles.yaml. Refuses a survey without a model in the store.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    plan, questionnaire = survey.profiles, survey.questionnaire
    with existing_store() as store:
        record = store.model(survey.code, plan.version)
        if record is None:
            raise Refusal(
                f"{survey.code}: there is no profile model {plan.version} in the store. Fit it "
                f"first with 'themadossier profiles fit {folder} --wave {wave}'."
            )
        answers = kept_answers(store, survey, defined)
        weighted = store.current_weighting(survey.code, wave) is not None
        weights = weights_of(store, survey, defined, answers) if weighted else None
    model = ProfileModel.from_dict(record.parameters["model"])
    chosen = choose_golden(model, answers, questionnaire, weights, number)
    data = (model, answers, questionnaire)
    ours = fit_typing(*data, plan.model_copy(update={"golden": chosen.columns}), weights).quality
    now = fit_typing(*data, plan, weights).quality if plan.golden else None
    compared = f"These {number}: {_told(ours)}." + (
        f" The {len(plan.golden)} in profiles.yaml now: {_told(now)}."
        if now is not None
        else " profiles.yaml names none now."
    )
    lines = [
        f"By model {record.version}, {record.state}, {ours.n:,} people of {wave}"
        f"{'' if weighted else ', unweighted'}: {_in_order(chosen)}.",
        compared,
    ]
    if alone := items_of_grids(chosen, questionnaire):
        lines.append(
            f"LOOK: {', '.join(alone)}: one item of a grid each. Asked alone they may be answered "
            "otherwise than among the others, so test them, or ask the whole grid."
        )
    lines.append(f"For profiles.yaml: golden: [{', '.join(chosen.columns)}]")
    lines.append(f"Next: themadossier profiles fit {folder} --wave {wave}")
    return Done((), tuple(lines))


def items_of_grids(chosen: Selection, questionnaire: Questionnaire) -> tuple[str, ...]:
    """The chosen columns that are one item of a grid or one option of a multiple question."""
    part = {
        column.name
        for column in questionnaire.columns()
        if column.item is not None or column.option is not None
    }
    return tuple(name for name in chosen.columns if name in part)


def _in_order(chosen: Selection) -> str:
    steps = [
        f"{name} {loss:.3f}" for name, loss in zip(chosen.columns, chosen.losses[1:], strict=True)
    ]
    return f"held-out log loss {chosen.losses[0]:.3f} by demographics, then {', '.join(steps)}"


def _told(quality: TypingQuality) -> str:
    loss = "" if quality.log_loss is None else f", log loss {quality.log_loss:.3f}"
    sure = "" if quality.sure_share is None else f", {quality.sure_share:.0%} sure"
    return f"{quality.accuracy:.0%} the same profile as by all items{sure}{loss}"

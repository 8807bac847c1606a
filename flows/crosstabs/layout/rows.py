"""Which rows a table has, and what it is about: from the questionnaire alone.

Rows stand in one order everywhere: answers, nets, net scores, mean, median, standard deviation.
A ranking has per option who put it first, who put it among the first so many, and its mean
rank; an experiment has per arm the headline of its outcome, and the effect of each arm on a
share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from flows.crosstabs.tables import Identity, Row, RowKind
from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.models import Language, Text
from flows.definitions.options import Missing, Option, Statistic
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType

_STATISTICS: dict[Statistic, Text] = {
    "median": Text(nl="Middelste waarde (mediaan)", en="Median"),
    "sd": Text(nl="Spreiding (standaarddeviatie)", en="Standard deviation"),
}
_SPECIAL_FIRST = ("health", "political", "origin")


def mean_label(scores: Sequence[float | None]) -> Text:
    """What the mean's row is called: with the ends of its scale, where it has one."""
    known = [score for score in scores if score is not None]
    if not known:
        return Text(nl="Gemiddelde", en="Mean")
    low, high = f"{min(known):g}", f"{max(known):g}"
    return Text(nl=f"Gemiddelde, van {low} tot {high}", en=f"Mean, from {low} to {high}")


def _with(label: Text, nl: str, en: str) -> Text:
    return Text(nl=f"{label['nl']}{nl}", en=f"{label['en']}{en}")


def identity_of(
    column: AnswerColumn,
    theme: str,
    model_items: frozenset[str],
    questionnaire: Questionnaire | None = None,
) -> Identity:
    """What the table of this answer column is about (marked: of all columns of the question).

    The table of an experiment is as sensitive as its outcomes, and defines profiles as they do.
    Who has no opinion on an outcome is told in the table of that question, and not here.
    """
    question = column.question
    item = column.item.code if column.item else None
    base = question.base
    outcomes = outcomes_of(question, questionnaire)
    about = [column, *(outcome.column for outcome in outcomes)]
    specials = {each.question.special for each in about}
    special = next((kind for kind in _SPECIAL_FIRST if kind in specials), "none")
    ranking = question.type is QuestionType.RANKING
    sort = question.sort or ("descending" if question.is_marked else "none")
    return Identity(
        number=column.number,
        question=question.code,
        item=item,
        theme=theme,
        dimension=question.dimension.value,
        type=question.type.value,
        text=_experiment_text(question, outcomes) if outcomes else column.text,
        question_text=question.text,
        base_text=Text(nl=base.nl, en=base.en) if base else None,
        special=special,
        multiple=bool(outcomes) or (question.is_marked and not ranking),
        headline=question.headline,
        model_item=any(
            each.question.code in model_items or each.name in model_items for each in about
        ),
        sort=sort,
        dont_know="leave_out" if outcomes else question.dont_know,
        base=base,
    )


def _experiment_text(experiment: Question, outcomes: Sequence[Outcome]) -> Text:
    """What was asked afterwards, by what was given by chance, and which answer is shown."""
    one = len(outcomes) == 1
    asked = outcomes[0].column.text if one else experiment.text
    by = Text(nl=f" Naar: {experiment.label['nl']}.", en=f" By: {experiment.label['en']}.")
    shown = {
        language: "; ".join(
            each.row.label[language]
            if one
            else f"{_about(each)[language]}, {each.row.label[language]}"
            for each in outcomes
        )
        for language in get_args(Language)
    }
    return Text(
        nl=f"{asked['nl']}{by['nl'] if one else ''} Getoond: {shown['nl']}.",
        en=f"{asked['en']}{by['en'] if one else ''} Shown: {shown['en']}.",
    )


def table_rows(
    columns: Sequence[AnswerColumn], questionnaire: Questionnaire | None = None
) -> tuple[Row, ...]:
    """The rows of the table of these answer columns, in order.

    `questionnaire`: where the outcomes of an experiment are looked up; without it an
    experiment has the rows of its arms alone.
    """
    return tuple(row for column in columns for row in _rows(column.question, questionnaire))


def _rows(question: Question, questionnaire: Questionnaire | None) -> Iterator[Row]:
    if outcomes := outcomes_of(question, questionnaire):
        yield from experiment_rows(question, outcomes)
        return
    if question.type is QuestionType.RANKING:
        yield from ranking_rows(question)
        return
    statistics = () if question.is_marked else question.shown_statistics
    scored = "mean" in statistics
    for option in answer_options(question):
        unknowing = option.missing is not None
        score = option.score if scored and not unknowing else None
        yield Row(option.code, option.label, "answer", option.last or unknowing, score)
    for band in question.bands:
        yield Row(band.code, band.label, "answer")
    for net in question.nets:
        yield Row(net.code, net.label, "net", members=net.options)
    for each in question.scores:
        yield Row(each.code, each.label, "score", members=(each.plus, each.minus))
    scores = [option.score for option in question.substantive]
    number = question.type is QuestionType.NUMBER
    if not number and all(score is None for score in scores):
        return
    for statistic in statistics:
        if statistic == "mean":
            yield Row("mean", mean_label(scores), "mean")
        else:
            yield Row(statistic, _STATISTICS[statistic], statistic)


def answer_options(question: Question) -> tuple[Option, ...]:
    """The options with a row: those that are an answer, and don't know where it counts as one."""
    unknowing = [o for o in question.options if o.missing is Missing.DONT_KNOW]
    if question.dont_know != "answer" or not unknowing:
        return question.substantive
    return (*question.substantive, unknowing[0])


def ranking_rows(question: Question) -> Iterator[Row]:
    """Per option: who ranked it first; who ranked it high; its mean rank."""
    options = question.substantive
    for option in options:
        label = _with(option.label, ": op plaats 1", ": in first place")
        yield Row(option.code, label, "answer", option.last)
    top = question.top
    for option in options if top is not None else ():
        label = _with(option.label, f": bij de eerste {top}", f": among the first {top}")
        yield Row(question.top_code(option.code), label, "net", option.last)
    for option in options:
        last = len(options)
        label = _with(
            option.label,
            f": gemiddelde plaats, van 1 tot {last}",
            f": mean place, from 1 to {last}",
        )
        yield Row(question.rank_code(option.code), label, "mean", option.last)


@dataclass(frozen=True)
class Outcome:
    """What an experiment may change: an answer column and the row that stands for it."""

    column: AnswerColumn
    row: Row


def outcomes_of(question: Question, questionnaire: Questionnaire | None) -> tuple[Outcome, ...]:
    """The outcomes of an experiment with their headlines, every item of a grid by itself.

    Empty for other questions, and for an experiment without outcomes: that one is tabulated
    as a single question.
    """
    if question.type is not QuestionType.EXPERIMENT or questionnaire is None:
        return ()
    found = []
    for code in question.outcomes:
        if not questionnaire.has(code):
            continue
        outcome = questionnaire.question(code)
        headline = outcome.headline or "mean"
        for column in columns_of(outcome):
            rows = [row for row in _rows(outcome, None) if row.code == headline]
            if rows and not column.is_text:
                found.append(Outcome(column, rows[0]))
    return tuple(found)


def experiment_rows(question: Question, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Per outcome its headline under every arm, then the effect of every arm on a share.

    The effect is the share less that under the reference arm. Of means only the arms are told.
    """
    reference = question.reference_arm
    arms = question.substantive
    for outcome in outcomes:
        kind: RowKind = "mean" if outcome.row.kind == "mean" else "net"
        for arm in arms:
            label = _of_outcome(arm.label, outcome, len(outcomes))
            yield Row(arm_code(outcome, arm.code), label, kind, arm.last)
    for outcome in (each for each in outcomes if each.row.kind != "mean"):
        against = next(arm.label for arm in arms if arm.code == reference)
        for arm in arms:
            if arm.code == reference:
                continue
            label = _with(
                _of_outcome(arm.label, outcome, len(outcomes)),
                f", verschil met: {against['nl']}",
                f", compared with: {against['en']}",
            )
            members = arm_code(outcome, arm.code), arm_code(outcome, str(reference))
            yield Row(f"{members[0]}-effect", label, "effect", arm.last, members=members)


def arm_code(outcome: Outcome, arm: str) -> str:
    """The code of the row with an outcome under an arm, `E13-money`."""
    return f"{outcome.column.number}-{arm}"


def _of_outcome(label: Text, outcome: Outcome, outcomes: int) -> Text:
    if outcomes == 1:
        return label
    about = _about(outcome)
    return Text(nl=f"{about['nl']}: {label['nl']}", en=f"{about['en']}: {label['en']}")


def _about(outcome: Outcome) -> Text:
    """The outcome in few words."""
    column = outcome.column
    return column.item.label if column.item else column.question.label

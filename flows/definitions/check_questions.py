"""Checks of a question: its options and rows, and what it says of other questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from flows.definitions.errors import Finding
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.definitions.survey import Survey

Said = tuple[str, str]
"""What is wrong, and the remedy."""

_UNSCORED = (QuestionType.MULTIPLE, QuestionType.RANKING, QuestionType.OPEN)


def questions_are_whole(survey: Survey) -> Iterator[Finding]:
    """Faults of every question by itself, and of what it refers to."""
    questionnaire = survey.questionnaire
    themes = {theme.code for theme in survey.dossier.themes}
    waves = {wave.code for wave in survey.info.waves}
    for i, question in enumerate(questionnaire.questions):
        place = ("questions", i)
        for message, remedy in faults_of(question, questionnaire):
            yield "questionnaire", place, f"{question.code}: {message}", remedy
        if question.theme is not None and question.theme not in themes:
            yield (
                "questionnaire",
                (*place, "theme"),
                f"{question.code}: the theme {question.theme} has no dossier.",
                "Add it to dossier.yaml or correct the code.",
            )
        for wave in (*question.waves, *question.columns, *question.reworded):
            if wave not in waves:
                yield (
                    "questionnaire",
                    place,
                    f"{question.code}: there is no wave {wave}.",
                    f"The waves are {', '.join(sorted(waves))}.",
                )


def faults_of(question: Question, questionnaire: Questionnaire) -> Iterator[Said]:
    """Everything wrong with one question."""
    if question.scale and question.scale not in questionnaire.scales:
        yield f"there is no scale {question.scale}.", "Add it under scales."
        return
    yield from _options(question)
    yield from _rows(question)
    yield from _nets(question)
    yield from _scores(question)
    yield from _bands(question)
    yield from _ranking(question)
    yield from _coded(question)
    yield from _statistics(question)
    yield from _experiment(question, questionnaire)
    yield from _base(question, questionnaire)


def _a(question: Question) -> str:
    """`a number question`, `an open question`."""
    article = "an" if question.type.value[0] in "aeiou" else "a"
    return f"{article} {question.type} question"


def _options(question: Question) -> Iterator[Said]:
    coded = question.is_coded or question.is_marked
    if coded and len(question.substantive) < (1 if question.is_marked else 2):
        yield "too few answer options.", "Give options, or name a scale."
    if not coded and question.options:
        yield f"{_a(question)} has no options.", "Remove them."
    if question.type is QuestionType.GRID and not question.items:
        yield "a grid needs items.", "List its rows under items."
    if question.type is not QuestionType.GRID and question.items:
        yield f"{_a(question)} has no items.", "Make it a grid or remove them."
    sources = Counter(code for option in question.options for code in option.source_codes)
    for code, count in sources.items():
        if count > 1 and (question.is_coded or question.coded):
            yield f"source code {code} belongs to {count} options.", "Give it to one."
    unknowing = any(option.missing == "dont_know" for option in question.options)
    if question.dont_know == "answer" and question.type in (
        QuestionType.RANKING,
        QuestionType.EXPERIMENT,
    ):
        yield f"don't know is no answer of a {question.type}.", "Leave dont_know out."
    elif question.dont_know == "answer" and not unknowing:
        yield (
            "dont_know: answer, but no option means don't know.",
            "Give that option 'missing: dont_know', or leave dont_know out.",
        )


def row_codes(question: Question) -> list[str]:
    """The codes of the rows of its table but statistics, repeated where two rows share one."""
    codes = _shares(question)
    codes += [score.code for score in question.scores]
    if question.type is QuestionType.RANKING:
        codes += [question.rank_code(option.code) for option in question.substantive]
    return codes


def _shares(question: Question) -> list[str]:
    """The codes of the rows that are shares of people."""
    codes = [option.code for option in question.substantive]
    codes += [band.code for band in question.bands]
    codes += [net.code for net in question.nets]
    if question.type is QuestionType.RANKING and question.top is not None:
        codes += [question.top_code(option.code) for option in question.substantive]
    return codes


def _rows(question: Question) -> Iterator[Said]:
    codes = row_codes(question)
    shared = [code for code, count in Counter(codes).items() if count > 1]
    options = {option.code for option in question.options}
    if overlap := {net.code for net in question.nets} & options:
        yield f"net and option share the code {min(overlap)}.", "Rename the net."
    elif shared:
        yield f"two rows of its table share the code {min(shared)}.", "Rename one of them."
    if question.type is QuestionType.EXPERIMENT:
        if question.headline is not None:
            yield "an experiment has no headline.", "Remove it; its outcomes have one."
    elif question.headline and question.headline not in {*_shares(question), "mean"}:
        yield (
            f"the headline {question.headline} is no net, option or mean.",
            "Correct it; a net score, median or spread cannot stand for a question.",
        )
    if reserved := {"mean", "median", "sd"} & set(codes):
        yield f"{min(reserved)} is the code of a statistic.", "Give that row another code."
    if question.overview and question.type is not QuestionType.GRID:
        yield f"{_a(question)} has no overview.", "Only a grid has; remove it."
    elif question.overview and question.headline is None:
        yield "its overview shows the headlines of the items, and it has none.", "Give a headline."


def _nets(question: Question) -> Iterator[Said]:
    codes = {option.code for option in question.substantive}
    codes |= {band.code for band in question.bands}
    for net in question.nets:
        many = net.top or net.bottom
        if many is not None and not net.options:
            yield _why_no_end(question, net.code, many)
        for code in net.options:
            if code not in codes:
                yield f"net {net.code} counts the unknown option {code}.", "Correct the code."


def _why_no_end(question: Question, net: str, many: int) -> Said:
    scored = [option for option in question.options if option.score is not None]
    if question.direction == "none":
        return (
            f"net {net} is the top or bottom {many}, but the scale has no direction.",
            "Give direction: higher or lower, or name the options.",
        )
    if len(scored) <= many:
        return (
            f"net {net} is the top or bottom {many} of {len(scored)} options with a value.",
            "Give the options values, or name the options of the net.",
        )
    return (
        f"net {net} is the top or bottom {many}, but options at its edge have the same value.",
        "Give them different values, or name the options of the net.",
    )


def _scores(question: Question) -> Iterator[Said]:
    members = {option.code: {option.code} for option in question.substantive}
    members |= {band.code: {band.code} for band in question.bands}
    members |= {net.code: set(net.options) for net in question.nets}
    for score in question.scores:
        if question.is_marked or question.type is QuestionType.EXPERIMENT:
            yield (
                f"score {score.code}: people may give several answers to a {question.type} "
                "question, so the difference of two is no net score.",
                "Remove it.",
            )
            continue
        unknown = [code for code in (score.plus, score.minus) if code not in members]
        for code in unknown:
            yield f"score {score.code} names the unknown net or option {code}.", "Correct it."
        if not unknown and members[score.plus] & members[score.minus]:
            yield (
                f"score {score.code}: {score.plus} and {score.minus} share an option.",
                "Take two nets that have none in common.",
            )


def _bands(question: Question) -> Iterator[Said]:
    if not question.bands:
        return
    if question.type is not QuestionType.NUMBER:
        yield f"{_a(question)} has no bands.", "Only a number has; remove them."
        return
    first, last = question.bands[0], question.bands[-1]
    for band, after in pairwise(question.bands):
        if band.high is None or after.low is None:
            yield (
                f"bands {band.code} and {after.code} have an open side between them.",
                "Give the first a high and the second a low.",
            )
        elif after.low <= band.high:
            yield f"band {after.code} starts before {band.code} has ended.", "Let them follow up."
        elif after.low - band.high > 1:
            yield f"numbers between bands {band.code} and {after.code} have no band.", "Close it."
    for band in question.bands:
        if band.low is not None and band.high is not None and band.high < band.low:
            yield f"band {band.code} ends before it starts.", "Correct low and high."
    lowest, highest = question.minimum, question.maximum
    if first.low is not None and (lowest is None or first.low > lowest):
        yield f"numbers below band {first.code} have no band.", "Leave out its low."
    if last.high is not None and (highest is None or last.high < highest):
        yield f"numbers above band {last.code} have no band.", "Leave out its high."


def _ranking(question: Question) -> Iterator[Said]:
    ranking = question.type is QuestionType.RANKING
    if question.top is not None and not ranking:
        yield f"top tells of a ranking, not of {_a(question)}.", "Remove it."
    elif question.top is not None and not 1 < question.top <= question.places:
        yield (
            f"top {question.top} of the {question.places} places that can be given.",
            "Give a number from 2 to that many.",
        )
    if ranking and question.nets:
        yield "a ranking has no nets.", "Remove them; top tells who ranked an option high."
    if ranking and question.maximum is not None and len(question.coded) > question.maximum:
        yield (
            f"{len(question.coded)} coded columns, but at most {question.maximum:g} places.",
            "Name one column a place.",
        )


def _coded(question: Question) -> Iterator[Said]:
    if question.coded and not question.is_marked:
        yield (
            f"coded columns hold the options of a multiple, ranking or coded open question; "
            f"this is {_a(question)}.",
            "Use column, or change its type or give options.",
        )
    elif len(set(question.coded)) < len(question.coded):
        yield "a coded column is named twice.", "Name every column once."


def _statistics(question: Question) -> Iterator[Said]:
    asked = {*question.statistics, *(("mean",) if question.mean else ())}
    scored = any(option.score is not None for option in question.substantive)
    if not asked or question.type is QuestionType.NUMBER:
        return
    if question.type in _UNSCORED or question.type is QuestionType.EXPERIMENT:
        yield f"{_a(question)} has no {min(asked)}.", "Remove it."
    elif not scored:
        what = "mean" if "mean" in asked else min(asked)
        yield f"a {what} is asked but no option has a value.", f"Give values or drop {what}."


def _experiment(question: Question, questionnaire: Questionnaire) -> Iterator[Said]:
    if question.experiment is not None:
        of = question.experiment
        if not questionnaire.has(of):
            yield f"there is no experiment {of}.", "Correct it."
        elif questionnaire.question(of).type is not QuestionType.EXPERIMENT:
            yield f"{of} is no experiment.", "Name a question of type experiment."
    if question.type is not QuestionType.EXPERIMENT:
        if question.outcomes and not _is_named(question, questionnaire):
            yield f"{_a(question)} has no outcomes.", "Make it an experiment."
        if question.reference is not None:
            yield f"{_a(question)} has no reference arm.", "Remove it."
        return
    arms = [option.code for option in question.substantive]
    if question.reference is not None and question.reference not in arms:
        yield f"there is no arm {question.reference}.", f"Its arms are {', '.join(arms)}."
    for code in question.outcomes:
        if not questionnaire.has(code):
            yield f"its outcome {code} is no question.", "Correct it."
            continue
        outcome = questionnaire.question(code)
        number = outcome.type is QuestionType.NUMBER and "mean" in outcome.shown_statistics
        if outcome.is_marked or outcome.type in (QuestionType.OPEN, QuestionType.EXPERIMENT):
            yield (
                f"its outcome {code} is {_a(outcome)}, which no one row stands for.",
                "Name a single, scale, grid or number question.",
            )
        elif outcome.headline is None and not number:
            yield f"its outcome {code} has no headline.", "Give that question one."


def _is_named(question: Question, questionnaire: Questionnaire) -> bool:
    """Whether its outcomes are only those of questions that take it for an experiment."""
    named = {other.code for other in questionnaire.questions if other.experiment == question.code}
    return set(question.outcomes) <= named


def _base(question: Question, questionnaire: Questionnaire) -> Iterator[Said]:
    if question.base is None:
        return
    if not questionnaire.has(question.base.question):
        yield f"its base names no question: {question.base.question}.", "Correct it."
        return
    asked = {o.code for o in questionnaire.question(question.base.question).options}
    for code in question.base.options:
        if code not in asked:
            yield f"its base names the unknown option {code}.", "Correct it."

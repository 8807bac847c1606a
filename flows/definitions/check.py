"""Checks that need more than one block of a definition: what refers to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.definitions.check_groups import variables_of
from flows.definitions.check_weighting import weighting_faults
from flows.definitions.errors import DefinitionError, Fault, Finding
from flows.definitions.load import line_of, read_survey
from flows.definitions.models import Derived, Question, Questionnaire, QuestionType, Survey
from flows.definitions.own_areas import load_own_areas
from flows.definitions.schemes import load_scheme, other_schemes


def check_survey(folder: Path) -> list[Fault]:
    """Every fault in the survey's definition, sorted by file and line; empty when sound.

    Weighting schemes beside the survey's own (`weighting.<name>.yaml`) and own areas
    (`areas.yaml`) are checked too; whether a base has those areas shows when they are used.
    """
    try:
        survey = read_survey(folder)
    except DefinitionError as error:
        return error.faults
    faults = cross_faults(survey, folder)
    try:
        load_own_areas(folder)
    except DefinitionError as error:
        faults += error.faults
    for path in other_schemes(folder).values():
        try:
            load_scheme(survey, folder, path)
        except DefinitionError as error:
            faults += error.faults
    return sorted(faults)


def cross_faults(survey: Survey, folder: Path) -> list[Fault]:
    """Faults between the blocks of a survey whose files are each well formed."""

    @lru_cache
    def lines(name: str) -> Any:
        return YAML(typ="rt").load((Path(folder) / f"{name}.yaml").read_text(encoding="utf-8"))

    findings = [finding for rule in RULES for finding in rule(survey)]
    return sorted(
        Fault(str(Path(folder) / f"{file}.yaml"), line_of(lines(file), place), message, remedy)
        for file, place, message, remedy in findings
    )


def _codes_are_unique(survey: Survey) -> Iterator[Finding]:
    questions = survey.questionnaire.questions
    groups: list[tuple[str, tuple[str | int, ...], Iterable[str]]] = [
        ("questionnaire", ("questions",), [q.code for q in questions]),
        ("questionnaire", ("derived",), [d.code for d in survey.questionnaire.derived]),
        ("survey", ("waves",), [w.code for w in survey.info.waves]),
        ("profiles", ("profiles",), survey.profiles.codes),
        ("dossier", ("themes",), [t.code for t in survey.dossier.themes]),
        *(
            ("questionnaire", ("questions", i, "options"), [o.code for o in q.options])
            for i, q in enumerate(questions)
        ),
        *(
            ("questionnaire", ("questions", i, "items"), [o.code for o in q.items])
            for i, q in enumerate(questions)
        ),
    ]
    for file, place, codes in groups:
        for code, count in Counter(codes).items():
            if count > 1:
                yield file, place, f"the code {code} is given {count} times.", "Make codes unique."
    numbers = {column.number: column.question.code for column in survey.questionnaire.columns()}
    for i, question in enumerate(questions):
        if numbers.get(question.code, question.code) != question.code:
            yield (
                "questionnaire",
                ("questions", i),
                f"{question.code} is also the table number of an item of {numbers[question.code]}.",
                "Give the items letters as codes, or change the question's code.",
            )
    columns = Counter(column.name for column in survey.questionnaire.columns())
    for name, count in columns.items():
        if count > 1:
            yield (
                "questionnaire",
                ("questions",),
                f"two questions both make the answer column {name}.",
                "Change one of the codes.",
            )
    both = {q.code for q in questions} & {d.code for d in survey.questionnaire.derived}
    for code in sorted(both):
        yield (
            "questionnaire",
            ("derived",),
            f"{code} is both a question and a derived variable.",
            "Rename the derived one.",
        )


def _questions_are_whole(survey: Survey) -> Iterator[Finding]:
    questionnaire = survey.questionnaire
    themes = {theme.code for theme in survey.dossier.themes}
    waves = {wave.code for wave in survey.info.waves}
    for i, question in enumerate(questionnaire.questions):
        place = ("questions", i)
        for message, remedy in _faults_of(question, questionnaire):
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


def _faults_of(question: Question, questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    if question.scale and question.scale not in questionnaire.scales:
        yield f"there is no scale {question.scale}.", "Add it under scales."
        return
    coded = question.is_coded or question.is_marked
    if coded and len(question.substantive) < (1 if question.is_marked else 2):
        yield "too few answer options.", "Give options, or name a scale."
    if not coded and question.options:
        yield f"a {question.type} question has no options.", "Remove them."
    if question.type is QuestionType.GRID and not question.items:
        yield "a grid needs items.", "List its rows under items."
    if question.type is not QuestionType.GRID and question.items:
        yield f"a {question.type} question has no items.", "Make it a grid or remove them."
    codes = {option.code for option in question.substantive}
    for net in question.nets:
        for code in net.options:
            if code not in codes:
                yield f"net {net.code} counts the unknown option {code}.", "Correct the code."
    headlines = codes | {net.code for net in question.nets} | {"mean"}
    if question.headline and question.headline not in headlines:
        yield f"the headline {question.headline} is no net, option or mean.", "Correct it."
    overlap = {net.code for net in question.nets} & codes
    if overlap:
        yield f"net and option share the code {min(overlap)}.", "Rename the net."
    sources = Counter(code for option in question.options for code in option.source_codes)
    for code, count in sources.items():
        if count > 1 and question.is_coded:
            yield f"source code {code} belongs to {count} options.", "Give it to one."
    scored = any(option.score is not None for option in question.substantive)
    if question.mean and not scored and question.type is not QuestionType.NUMBER:
        yield "a mean is asked but no option has a value.", "Give values or drop mean."
    if question.base is not None:
        if not questionnaire.has(question.base.question):
            yield f"its base names no question: {question.base.question}.", "Correct it."
        else:
            asked = {o.code for o in questionnaire.question(question.base.question).options}
            for code in question.base.options:
                if code not in asked:
                    yield f"its base names the unknown option {code}.", "Correct it."


def _derived_refer(survey: Survey) -> Iterator[Finding]:
    questionnaire = survey.questionnaire
    known = {q.code for q in questionnaire.questions}
    for i, derived in enumerate(questionnaire.derived):
        place = ("derived", i)
        for code in derived.of:
            if code not in known:
                yield (
                    "questionnaire",
                    place,
                    f"{derived.code} is made of the unknown variable {code}.",
                    "Correct it, or define that one first.",
                )
                break
        else:
            for message in _derived_faults(derived, questionnaire):
                yield "questionnaire", place, f"{derived.code}: {message}", "Correct its levels."
            known.add(derived.code)


def _derived_faults(derived: Derived, questionnaire: Questionnaire) -> Iterator[str]:
    if derived.kind == "cross":
        if len(derived.of) != 2:
            yield "a crossing takes two variables."
        return
    if len(derived.of) != 1:
        yield f"a {derived.kind} takes one variable."
        return
    if not derived.levels:
        yield "it has no levels."
    if derived.kind == "recode":
        options = {level.code for level in questionnaire.levels(derived.of[0])}
        used = Counter(code for level in derived.levels for code in level.options)
        for code, count in used.items():
            if code not in options:
                yield f"the code {code} does not occur in {derived.of[0]}."
            if count > 1:
                yield f"the code {code} belongs to {count} levels."
    elif any(level.low is None and level.high is None for level in derived.levels):
        yield "a band needs low or high."


def _waves_refer(survey: Survey) -> Iterator[Finding]:
    themes = {theme.code for theme in survey.dossier.themes}
    waves = {wave.code for wave in survey.info.waves}
    questions = {q.code for q in survey.questionnaire.questions}
    for level, code in survey.info.places.items():
        if code not in questions:
            yield "survey", ("places", level), f"there is no question {code}.", "Correct places."
    for i, wave in enumerate(survey.info.waves):
        place: tuple[str | int, ...] = ("waves", i)
        if wave.field.end < wave.field.start:
            yield "survey", place, f"{wave.code}: the field period ends before it starts.", ""
        if wave.background_from is not None and wave.background_from not in waves:
            yield (
                "survey",
                place,
                f"{wave.code}: there is no wave {wave.background_from} to take background from.",
                "Correct background_from.",
            )
        for theme in wave.themes:
            if theme not in themes:
                yield (
                    "survey",
                    place,
                    f"{wave.code}: there is no theme {theme}.",
                    "See dossier.yaml.",
                )
        for code in wave.quality.require_any:
            if code not in questions:
                yield "survey", place, f"{wave.code}: require_any names no question: {code}.", ""


def _profiles_refer(survey: Survey) -> Iterator[Finding]:
    plan = survey.profiles
    variables = variables_of(survey.questionnaire)
    lists = {
        "items": plan.items,
        "concomitants": plan.concomitants,
        "golden": plan.golden,
        **{f"axes.{name}": axis.of + axis.reverse for name, axis in plan.axes.items()},
    }
    for name, codes in lists.items():
        for code in codes:
            if code not in variables:
                yield (
                    "profiles",
                    tuple(name.split(".")),
                    f"{name} names the unknown variable {code}.",
                    "Correct it.",
                )
    items = set(plan.items) | {
        column.name
        for column in survey.questionnaire.columns()
        if column.question.code in plan.items
    }
    for code in plan.golden:
        if plan.items and code in variables and code not in items:
            yield (
                "profiles",
                ("golden",),
                f"the golden question {code} is not among the items, so that the model cannot "
                "judge how well it types.",
                "Add it to items.",
            )
    wanted = {
        axis
        for profile in plan.profiles
        if profile.prototype is not None
        for axis, place in profile.prototype.places().items()
        if place
    }
    for axis in sorted(wanted - set(plan.axes)):
        if plan.items:
            yield "profiles", ("axes",), f"prototypes use the axis {axis}, not defined.", "Add it."


def _dossier_refers(survey: Survey) -> Iterator[Finding]:
    questionnaire = survey.questionnaire
    names = {column.name for column in questionnaire.columns()}
    names |= {question.code for question in questionnaire.questions}
    for i, theme in enumerate(survey.dossier.themes):
        roles = {
            "questions": theme.questions,
            **{
                role: (getattr(theme, role),)
                for role in ("stance", "willingness", "motives", "barriers", "channels")
                if getattr(theme, role)
            },
        }
        for role, codes in roles.items():
            for code in codes:
                if code not in names:
                    yield (
                        "dossier",
                        ("themes", i, role),
                        f"{theme.code}: {role} names the unknown question {code}.",
                        "Correct it.",
                    )


RULES: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    _codes_are_unique,
    _questions_are_whole,
    _derived_refer,
    _waves_refer,
    _profiles_refer,
    weighting_faults,
    _dossier_refers,
)

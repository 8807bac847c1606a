"""Checks that need more than one block of a definition: what refers to what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows.definitions.check_dossier import designs_refer, dossier_refers
from flows.definitions.check_groups import variables_of
from flows.definitions.check_questions import questions_are_whole
from flows.definitions.check_weighting import weighting_faults
from flows.definitions.errors import DefinitionError, Fault, Finding
from flows.definitions.load import line_of, read_survey
from flows.definitions.own_areas import load_own_areas
from flows.definitions.questionnaire import Derived, Questionnaire
from flows.definitions.schemes import load_scheme, other_schemes
from flows.definitions.survey import Survey


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


RULES: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    _codes_are_unique,
    questions_are_whole,
    _derived_refer,
    _waves_refer,
    _profiles_refer,
    weighting_faults,
    dossier_refers,
    designs_refer,
)

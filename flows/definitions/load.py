"""Reads the YAML files of a survey folder into a `Survey`.

The quick C parser reads the files; only when something is wrong is the file read again by
the slower parser that knows line numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from flows.definitions.dossier_plan import DossierPlan
from flows.definitions.errors import DefinitionError, Fault
from flows.definitions.models import Model
from flows.definitions.options import Net
from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.survey import Survey
from flows.definitions.waves import SurveyInfo
from flows.definitions.weighting_plan import WeightingPlan
from flows.errors import Refusal

FILES: dict[str, type[Model]] = {
    "survey": SurveyInfo,
    "questionnaire": Questionnaire,
    "profiles": ProfilePlan,
    "weighting": WeightingPlan,
    "dossier": DossierPlan,
}

M = TypeVar("M", bound=Model)

Finding = tuple[tuple[str | int, ...], str, str]
"""A fault in the raw content of a file: its place, what is wrong, the remedy."""


def load_survey(folder: Path) -> Survey:
    """Read, resolve and check the survey in `folder`.

    Raises `DefinitionError` with every fault found, `Refusal` if there is no such survey.
    """
    from flows.definitions.check import cross_faults

    survey = read_survey(folder)
    faults = cross_faults(survey, folder)
    if faults:
        raise DefinitionError(faults)
    return survey


def read_survey(folder: Path) -> Survey:
    """Read the five files of a survey without checking what refers to what."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Refusal(
            f"{folder}: there is no such survey folder. Name a folder with a survey.yaml, "
            "for example surveys/themapanel."
        )
    inner = sorted(path.parent.name for path in folder.glob("*/survey.yaml"))
    if inner and not (folder / "survey.yaml").exists():
        raise Refusal(
            f"{folder} holds surveys but is none itself. Name one of them: "
            f"{', '.join(str(folder / name) for name in inner)}."
        )
    faults: list[Fault] = []
    parts: dict[str, Any] = {}
    for name, model in FILES.items():
        prepare = filling(folder, parts.get("questionnaire")) if name == "weighting" else None
        try:
            parts[name] = read_model(folder / f"{name}.yaml", model, prepare)
        except DefinitionError as error:
            faults.extend(error.faults)
    if faults:
        raise DefinitionError(faults)
    parts["questionnaire"] = resolve_scales(parts["questionnaire"])
    return Survey(info=parts.pop("survey"), **parts)


def filling(folder: Path, questionnaire: Questionnaire | None) -> Callable[[Any], list[Finding]]:
    """What fills the targets of a weighting.yaml from the library beside the survey's folder."""
    from flows.definitions.library import fill_targets

    levels: dict[str, list[str]] = {}
    if questionnaire is not None:
        resolved = resolve_scales(questionnaire)
        for code in [*(q.code for q in resolved.questions), *(d.code for d in resolved.derived)]:
            try:
                levels[code] = [level.code for level in resolved.levels(code)]
            except (KeyError, ValueError, RecursionError):
                continue  # made of something unknown: the checks between the files tell it
    surveys = folder.resolve().parent
    return lambda data: fill_targets(data, surveys, levels)


def read_model(
    path: Path, model: type[M], prepare: Callable[[Any], list[Finding]] | None = None
) -> M:
    """Read one YAML file into `model`; faults carry the line they stand on.

    `prepare` may complete the raw content before it is validated, and returns the faults it
    met in doing so.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DefinitionError(
            [Fault(str(path), 0, "the file is missing.", "Every survey folder needs it.")]
        ) from None
    except UnicodeDecodeError:
        raise DefinitionError(
            [Fault(str(path), 0, "the file is not UTF-8 text.", "Save it as UTF-8.")]
        ) from None
    try:
        data = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise DefinitionError([_yaml_fault(path, error)]) from None
    findings = prepare(data) if prepare is not None else []
    try:
        result = model.model_validate(data if data is not None else {})
    except ValidationError as error:
        told = {place[:2] for place, _, _ in findings}
        findings += [
            (item["loc"], *_told(item)) for item in error.errors() if item["loc"][:2] not in told
        ]
    else:
        if not findings:
            return result
    lines = read_lines(path)
    raise DefinitionError(
        [
            Fault(str(path), line_of(lines, place), message, remedy)
            for place, message, remedy in findings
        ]
    )


def _yaml_fault(path: Path, error: YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    problem = error.problem if isinstance(error, MarkedYAMLError) else None
    return Fault(
        str(path),
        mark.line + 1 if mark is not None else 0,
        f"this is not valid YAML: {problem or error}.",
        "A key may occur once, lists and texts must be closed, tabs are not allowed.",
    )


def read_lines(path: Path) -> Any:
    """The file again, by the slow parser that knows where everything stands."""
    return YAML(typ="rt").load(path.read_text(encoding="utf-8"))


def line_of(node: Any, loc: tuple[str | int, ...]) -> int:
    """The line (from 1) of the deepest part of `loc` that the document has."""
    line = 0
    for step in loc:
        try:
            position = node.lc.data[step] if hasattr(node, "lc") and node.lc.data else None
            if position is not None:
                line = position[0] + 1
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
    return line


def _told(item: Any) -> tuple[str, str]:
    """Pydantic's message in words for someone who writes YAML, and the remedy."""
    where = ".".join(str(step) for step in item["loc"])
    kind = item["type"]
    if kind == "missing":
        return f"{where}: this key is required.", "Add it."
    if kind == "extra_forbidden":
        return f"{where}: this key is unknown.", "Check its spelling or remove it."
    if kind == "string_type":
        return (
            f"{where}: a text is expected, found {item['input']!r}.",
            "Codes are texts: put quotes around numbers.",
        )
    if kind == "model_type":
        return (
            f"{where}: a text is expected, found {item['input']!r}.",
            "Write a text between quotes, or {nl: ..., en: ...}.",
        )
    if kind == "string_pattern_mismatch":
        return (
            f"{where}: {item['input']!r} is not a code.",
            "Use letters, digits, - and _ only; wave codes are lower case and start with a letter.",
        )
    if kind == "value_error":
        return f"{where}: {item['msg'].removeprefix('Value error, ')}.", ""
    return f"{where}: {item['msg']} (found {item['input']!r}).", ""


def resolve_scales(questionnaire: Questionnaire) -> Questionnaire:
    """Give every question what the scale it names says, and fill in what is declared briefly.

    Nets of the top or bottom so many get their options, and an experiment and its outcomes
    know each other whichever of them names the other.
    """
    questions = [_resolved(question, questionnaire) for question in questionnaire.questions]
    return questionnaire.model_copy(update={"questions": tuple(_linked(questions))})


_OF_SCALE = (
    "options",
    "nets",
    "scores",
    "headline",
    "mean",
    "statistics",
    "direction",
    "dont_know",
)


def _resolved(question: Question, questionnaire: Questionnaire) -> Question:
    scale = questionnaire.scales.get(question.scale) if question.scale else None
    given = question.model_fields_set
    update: dict[str, Any] = {}
    if scale is not None:
        update = {name: getattr(scale, name) for name in _OF_SCALE if name not in given}
        question = question.model_copy(update=update)
    nets = tuple(_with_options(net, question) for net in question.nets)
    return question.model_copy(update={"nets": nets}) if nets != question.nets else question


def _with_options(net: Net, question: Question) -> Net:
    """A net with the options it is the top or bottom of, in the order of the list.

    It stays empty where the direction or the values of the scale do not tell; `check` says so.
    """
    many = net.top or net.bottom
    if net.options or many is None:
        return net
    scored = [option for option in question.options if option.score is not None]
    if question.direction == "none" or len(scored) <= many:
        return net
    # Most positive first; equal values would make the end a matter of the list's order.
    sign = -1.0 if (question.direction == "higher") is (net.top is not None) else 1.0
    scored.sort(key=lambda option: sign * (option.score or 0.0))
    if scored[many - 1].score == scored[many].score:
        return net
    end = {option.code for option in scored[:many]}
    codes = tuple(option.code for option in question.options if option.code in end)
    return net.model_copy(update={"options": codes})


def _linked(questions: list[Question]) -> Iterator[Question]:
    outcomes: dict[str, list[str]] = {q.code: list(q.outcomes) for q in questions if q.outcomes}
    for question in questions:
        if question.experiment is not None:
            named = outcomes.setdefault(question.experiment, [])
            if question.code not in named:
                named.append(question.code)
    experiments = {code: experiment for experiment, of in outcomes.items() for code in of}
    for question in questions:
        update: dict[str, Any] = {}
        if question.code in outcomes:
            update["outcomes"] = tuple(outcomes[question.code])
        if question.experiment is None and question.code in experiments:
            update["experiment"] = experiments[question.code]
        yield question.model_copy(update=update) if update else question

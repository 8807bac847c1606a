"""The variables of the analysis file, from the answers and what was made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn
from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.ingest.analysis_file import AnalysisFile, Measure, Value, Variable
from flows.ingest.derive import variable
from flows.ingest.errors import NotInWave
from flows.ingest.frames import MISSING_SUFFIX

Floats = NDArray[np.float64]
Made = tuple[Variable, pd.Series]

RESPONDENT, WEIGHT, BASE_WEIGHT, PROFILE = "respondent", "weight", "base_weight", "profile"
PROBABILITY = "p_"
NOT_TYPED = Text(nl="Geen profiel te bepalen", en="No profile could be assigned")
MISSING_LABELS: Mapping[str, Text] = {
    Missing.DONT_KNOW.code: Text(nl="Weet niet", en="Does not know"),
    Missing.REFUSED.code: Text(nl="Wil niet zeggen", en="Refused"),
    Missing.NOT_APPLICABLE.code: Text(nl="Niet van toepassing", en="Not applicable"),
    Missing.NOT_ASKED.code: Text(nl="Niet gevraagd", en="Not asked"),
    Missing.SKIPPED.code: Text(nl="Overgeslagen", en="Skipped"),
    Missing.BROKEN_OFF.code: Text(nl="Gestopt voor deze vraag", en="Broken off before this"),
    Missing.INVALID.code: Text(nl="Ongeldig antwoord", en="Invalid answer"),
}
NOT_CHOSEN = Text(nl="Niet gekozen", en="Not chosen")
_FIRST_MISSING = 90
_NAME_BYTES = 64
_RESERVED = frozenset(
    ["ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"]
)


@dataclass(frozen=True, eq=False)
class Results:
    """What was made of the answers, per respondent (n).

    `profile`: code, '' where there is none. `probabilities`: (n) per profile code.
    """

    weight: Floats
    base_weight: Floats
    profile: NDArray[np.object_]
    probabilities: Mapping[str, Floats]
    profiles: Sequence[tuple[str, Text]]


def analysis_file(
    answers: pd.DataFrame, questionnaire: Questionnaire, results: Results
) -> AnalysisFile:
    """Everything known of the respondents in `answers` (n rows), ready to be written.

    First who and how much they count for, then the answers in the order of the questionnaire,
    then the derived variables that can be made of them. Nobody's external id is in `answers`.
    """
    made = [*_results(answers, results)]
    made += [_answers(answers, c) for c in questionnaire.columns() if c.name in answers]
    for derived in questionnaire.derived:
        try:
            found = variable(answers, questionnaire, derived.code)
        except NotInWave:
            continue
        levels = [(level.code, level.label) for level in questionnaire.levels(derived.code)]
        made.append(_coded(found, derived.code, derived.text, levels, {}, "nominal"))
    names = spss_names([each.source for each, _ in made])
    variables = tuple(replace(each, name=n) for (each, _), n in zip(made, names, strict=True))
    columns = {name: values for name, (_, values) in zip(names, made, strict=True)}
    return AnalysisFile(variables, pd.DataFrame(columns))


def spss_names(sources: Iterable[str]) -> list[str]:
    """Names that SPSS takes: letters, digits and underscores, no reserved word, each once."""
    names: list[str] = []
    taken: set[str] = set()
    for source in sources:
        stem = re.sub(r"[^A-Za-z0-9_]", "_", source)[: _NAME_BYTES - 6].rstrip("_") or "v"
        if not stem[0].isalpha() or stem.upper() in _RESERVED:
            stem = f"v{stem}" if stem[0] == "_" else f"v_{stem}"
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _results(answers: pd.DataFrame, results: Results) -> Iterable[Made]:
    codes = [code for code, _ in results.profiles]
    typed = [code or None for code in results.profile]
    assigned = pd.Series(pd.Categorical(typed, categories=codes), index=answers.index)
    label = Text(nl="Pseudoniem van de respondent", en="Pseudonym of the respondent")
    yield (
        Variable("", RESPONDENT, label, "nominal", text=True),
        pd.Series(answers[RESPONDENT].to_numpy(dtype=object), dtype=object),
    )
    for source, weights, label in (
        (WEIGHT, results.weight, Text(nl="Weegfactor", en="Weight")),
        (BASE_WEIGHT, results.base_weight, Text(nl="Basisgewicht", en="Base weight")),
    ):
        yield Variable("", source, label, "scale"), pd.Series(weights, dtype=np.float64)
    named, values = _coded(
        assigned,
        PROFILE,
        Text(nl="Toegewezen profiel", en="Profile assigned"),
        list(results.profiles),
        {},
        "nominal",
    )
    missing = Value(-float(_FIRST_MISSING + 1), "", NOT_TYPED, missing=True)
    yield (
        Variable(
            "",
            PROFILE,
            named.label,
            "nominal",
            (*named.values, missing),
            (missing.value, missing.value),
        ),
        values.fillna(missing.value),
    )
    for code, name in results.profiles:
        text = Text(nl=f"Kans op profiel {name['nl']}", en=f"Probability of {name['en']}")
        yield (
            Variable("", f"{PROBABILITY}{code}", text, "scale"),
            pd.Series(results.probabilities[code], dtype=np.float64),
        )


def _answers(answers: pd.DataFrame, column: AnswerColumn) -> Made:
    question, values = column.question, answers[column.name]
    text = label_of(column)
    if column.is_text:
        words = values.fillna("").astype(str).to_numpy(dtype=object)
        return Variable("", column.name, text, "nominal", text=True), pd.Series(words, dtype=object)
    if question.type is QuestionType.NUMBER:
        kinds = answers.get(f"{column.name}{MISSING_SUFFIX}")
        return _number(values, kinds, column, text)
    if column.option is not None:
        chosen = _place if question.type is QuestionType.RANKING else _chosen
        marks = [(code, NOT_CHOSEN if code == "0" else chosen(code)) for code in column.codes]
        return _coded(values, column.name, text, marks, {}, "nominal", missing=True)
    known = {option.code: option.label for option in question.options}
    own: dict[str, list[Text]] = {}
    for option in question.options:
        if option.missing is not None:
            own.setdefault(option.missing.code, []).append(option.label)
    measure: Measure = "nominal" if question.direction == "none" else "ordinal"
    labels = [(code, known.get(code, Text(nl=code))) for code in column.codes]
    kinds_of = {kind: texts[0] for kind, texts in own.items() if len(texts) == 1}
    return _coded(values, column.name, text, labels, kinds_of, measure, missing=True)


def label_of(column: AnswerColumn) -> Text:
    """What a variable is called: the question in short, with its item or option."""
    label, part = column.question.label, column.item or column.option
    if part is None:
        return label
    return Text(nl=f"{label['nl']}: {part.label['nl']}", en=f"{label['en']}: {part.label['en']}")


def _chosen(code: str) -> Text:
    return Text(nl="Gekozen", en="Chosen")


def _place(code: str) -> Text:
    return Text(nl=f"Plaats {code}", en=f"Place {code}")


def _coded(
    values: pd.Series,
    source: str,
    label: Text,
    codes: Sequence[tuple[str, Text]],
    own_labels: Mapping[str, Text],
    measure: Measure,
    *,
    missing: bool = False,
) -> Made:
    """A categorical series of codes and missing kinds as numbers."""
    numbers = _numbers_of([code for code, _ in codes])
    answers = [Value(x, code, text) for x, (code, text) in zip(numbers, codes, strict=True)]
    kinds: list[Value] = []
    limits: tuple[float, float] | None = None
    if missing:
        kinds, limits = _missing_values(numbers, own_labels)
    place = {x.code: x.value for x in (*answers, *kinds)}
    lookup = np.array([place.get(str(c), np.nan) for c in values.cat.categories] + [np.nan])
    numeric = lookup[values.cat.codes.to_numpy()]
    variable = Variable("", source, label, measure, (*answers, *kinds), limits)
    return variable, pd.Series(numeric, dtype=np.float64)


def _number(values: pd.Series, kinds: pd.Series | None, column: AnswerColumn, label: Text) -> Made:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    lowest = float(np.nanmin(numbers, initial=0.0))
    missing, limits = _missing_values([lowest, column.question.minimum or 0.0], {})
    if kinds is not None:
        place = {x.code: x.value for x in missing}
        why = kinds.astype(object).map(place).to_numpy(dtype=np.float64, na_value=np.nan)
        numbers = np.where(np.isnan(numbers), why, numbers)
    return (
        Variable("", column.name, label, "scale", tuple(missing), limits),
        pd.Series(numbers, dtype=np.float64),
    )


def _numbers_of(codes: Sequence[str]) -> list[float]:
    """The codes as numbers if they all are, and differ; else 1, 2, 3..."""
    try:
        numbers = [float(code) for code in codes]
    except ValueError:
        numbers = []
    if numbers and len(set(numbers)) == len(codes) and np.isfinite(numbers).all():
        return numbers
    return [float(i + 1) for i in range(len(codes))]


def _missing_values(
    numbers: Iterable[float], own_labels: Mapping[str, Text]
) -> tuple[list[Value], tuple[float, float]]:
    """The values of the missing kinds: -91 to -97, or lower where an answer may be as low."""
    start = _FIRST_MISSING
    lowest = min(numbers, default=0.0)
    while lowest <= -start:
        start *= 10
    values = [
        Value(-float(start + i + 1), kind, own_labels.get(kind, MISSING_LABELS[kind]), missing=True)
        for i, kind in enumerate(MISSING_CODES)
    ]
    return values, (values[-1].value, values[0].value)

"""What a typing kit holds: the typing model as tables that a spreadsheet can look things up in.

Everything a `TypingModel` does is in these tables: the standardised value of every code, the
points of every demographic level, means, covariance and temperature.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn
from flows.definitions.models import Language, Text
from flows.definitions.options import MISSING_CODES
from flows.definitions.profile_plan import Profile
from flows.definitions.questionnaire import Questionnaire
from flows.dossiers.errors import DossierError
from flows.profiles.answers import Concomitants, ScoredColumn
from flows.profiles.assign import FEWEST_ANSWERED
from flows.profiles.golden import tempered
from flows.profiles.typing import TypingModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Entry:
    """One thing that can be filled in. `value`: what it counts for; None: no answer."""

    code: str
    label: Text
    value: float | None


@dataclass(frozen=True)
class KitQuestion:
    """One golden answer column. `number`: (sign / spread, centre / spread) when it is a number.

    A number x then counts for x * number[0] - number[1]. `lead`: the grid it is an item of.
    """

    name: str
    text: Text
    entries: tuple[Entry, ...]
    number: tuple[float, float] | None = None
    lead: Text | None = None

    def wording(self, language: Language) -> str:
        """The question as asked, a grid's own text before its item."""
        own = self.text[language]
        return own if self.lead is None else f"{self.lead[language]} {own}"


@dataclass(frozen=True, eq=False)
class KitVariable:
    """One demographic variable; `points` (L, K): what each level adds to each log chance.

    `asked`: the question behind it, as people who test themselves are asked it.
    """

    code: str
    text: Text
    asked: Text
    levels: tuple[Entry, ...]
    points: Floats


@dataclass(frozen=True)
class KitProfile:
    """What a profile is called in the bureau, and towards people who test themselves."""

    code: str
    name: Text
    public_name: Text
    description: Text | None


@dataclass(frozen=True, eq=False)
class KitParts:
    """A typing model as tables.

    `intercept` (K,), `means` (K, g), `covariance` (g, g) of standardised answers. `needed`:
    answers without which there is no label.
    """

    version: str
    questions: tuple[KitQuestion, ...]
    variables: tuple[KitVariable, ...]
    profiles: tuple[KitProfile, ...]
    intercept: Floats
    means: Floats
    covariance: Floats
    temperature: float
    needed: int

    def probabilities(self, answers: Floats, levels: NDArray[np.int64]) -> Floats:
        """P(profile) (n, K) of standardised answers (n, g) and level places (n, V), -1 unknown.

        As `TypingModel` computes it, but from these tables: by which examples are checked.
        """
        priors = np.tile(self.intercept, (len(answers), 1))
        for v, variable in enumerate(self.variables):
            known = levels[:, v] >= 0
            priors[known] += variable.points[levels[known, v]]
        densities = np.zeros_like(priors)
        for i, row in enumerate(answers):
            there = ~np.isnan(row)
            off = row[there] - self.means[:, there]
            inverse = np.linalg.inv(self.covariance[np.ix_(there, there)])
            densities[i] = -0.5 * ((off @ inverse) * off).sum(axis=1)
        return tempered(priors, densities, self.temperature)


def kit_parts(
    typing: TypingModel,
    questionnaire: Questionnaire,
    profiles: Sequence[Profile],
    names: Sequence[Text],
    named: Sequence[bool],
) -> KitParts:
    """The tables of a typing model, with the texts of the survey that made it.

    `names` and `named`: of the fitted profiles; what is not named as in profiles.yaml gets no
    description. Raises `DossierError` when the questionnaire lacks a golden question or a
    demographic variable of the model.
    """
    scorer = typing.scorer
    columns = {column.name: column for column in questionnaire.columns()}
    questions = tuple(
        _question(column, columns, questionnaire, float(scorer.centre[j]), float(scorer.spread[j]))
        for j, column in enumerate(typing.columns)
    )
    by_code = {profile.code: profile for profile in profiles}
    return KitParts(
        version=typing.version,
        questions=questions,
        variables=_variables(typing.concomitants, questionnaire, scorer.logit),
        profiles=tuple(
            _profile(code, by_code, name, known)
            for code, name, known in zip(typing.codes, names, named, strict=True)
        ),
        intercept=np.asarray(scorer.logit[0], dtype=float),
        means=scorer.means,
        covariance=scorer.covariance,
        temperature=scorer.temperature,
        needed=max(int(np.ceil(FEWEST_ANSWERED * len(questions))), 1),
    )


def _question(
    scored: ScoredColumn,
    columns: Mapping[str, AnswerColumn],
    questionnaire: Questionnaire,
    centre: float,
    spread: float,
) -> KitQuestion:
    missing = [Entry(code, Text(nl=code), None) for code in MISSING_CODES]
    values = {code: (score - centre) / spread for code, score in scored.scores.items()}
    if scored.derived:
        if questionnaire.derived_variable(scored.name) is None:
            raise _absent(scored.name)
        levels = [
            Entry(level.code, level.label, values.get(level.code))
            for level in questionnaire.levels(scored.name)
        ]
        return KitQuestion(scored.name, questionnaire.label(scored.name), (*levels, *missing))
    column = columns.get(scored.name)
    if column is None:
        raise _absent(scored.name)
    asked = column.question
    if not scored.scores:
        number = (scored.sign / spread, centre / spread)
        return KitQuestion(scored.name, asked.text, tuple(missing), number)
    lead = asked.text if column.item is not None or column.option is not None else None
    if column.option is not None:
        labels = {"1": Text(nl="Ja", en="Yes"), "0": Text(nl="Nee", en="No")}
        entries = [Entry(code, labels[code], value) for code, value in values.items()]
        return KitQuestion(scored.name, column.option.label, (*entries, *missing), lead=lead)
    options = [
        Entry(option.code, option.label, values.get(option.code))
        for option in asked.options
        if option.missing is not None or option.code in values
    ]
    return KitQuestion(scored.name, column.text, (*options, *missing), lead=lead)


def _variables(
    concomitants: Concomitants, questionnaire: Questionnaire, logit: Floats
) -> tuple[KitVariable, ...]:
    """Points of each level: its standardised dummies times the logit, as `design` makes them."""
    made, at = [], 0
    for code, codes in zip(concomitants.variables, concomitants.levels, strict=True):
        step = max(len(codes) - 1, 0)
        centre = np.array(concomitants.centre[at : at + step])
        spread = np.array(concomitants.spread[at : at + step])
        dummies = np.vstack([np.zeros(step), np.eye(step)])
        scaled = (dummies - centre) / np.where(spread > 0, spread, np.inf)
        points = (scaled @ logit[1 + at : 1 + at + step])[: len(codes)]
        at += step
        try:
            labels = {level.code: level.label for level in questionnaire.levels(code)}
            text = questionnaire.label(code)
        except KeyError:
            raise _absent(code) from None
        levels = tuple(Entry(c, labels.get(c, Text(nl=c)), 1.0) for c in codes)
        made.append(KitVariable(code, text, _as_asked(code, questionnaire), levels, points))
    return tuple(made)


def _as_asked(code: str, questionnaire: Questionnaire) -> Text:
    """The text of the one question that a variable is made of, else its own."""
    derived = questionnaire.derived_variable(code)
    source = code if derived is None else derived.of[0]
    if derived is not None and (derived.kind == "cross" or not questionnaire.has(source)):
        return derived.text
    return questionnaire.question(source).text


def _profile(code: str, plan: Mapping[str, Profile], name: Text, named: bool) -> KitProfile:
    known = plan.get(code)
    if known is None or not named:
        return KitProfile(code, name, name, None)
    public = (
        known.label
        if known.public
        else Text(
            nl=_aliased(known.alias["nl"], known.label["nl"]),
            en=_aliased(known.alias["en"], known.label["en"]),
        )
    )
    return KitProfile(code, known.label, public, known.description)


def _aliased(alias: str, name: str) -> str:
    return name if alias == name else f"{alias}: {name}"


def unique_labels(entries: Sequence[Entry], language: Language) -> list[str]:
    """A text to choose each entry by; the code is added where two would be the same."""
    labels = [" ".join(entry.label[language].split()) or entry.code for entry in entries]
    count = Counter(label.lower() for label in labels)
    return [
        f"{label} ({entry.code})" if count[label.lower()] > 1 else label
        for entry, label in zip(entries, labels, strict=True)
    ]


def _absent(code: str) -> DossierError:
    return DossierError(
        f"the questionnaire has no {code}, which the typing model needs; put it back in "
        "questionnaire.yaml or fit the model again"
    )

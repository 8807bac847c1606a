"""The tables of a dossier as dossier.yaml asks for them: its banner, and tables of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.crosstabs.banner import banner_of, filtered
from flows.crosstabs.cells import tables_of_cells
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.margins import design_of
from flows.crosstabs.tables import Table
from flows.definitions.dossier_plan import PROFILE, TablePlan
from flows.definitions.models import Text
from flows.definitions.survey import Survey


def theme_tables(
    survey: Survey,
    wave: str,
    theme: str,
    answers: pd.DataFrame,
    profile: ArrayLike,
    weights: ArrayLike,
    margins: pd.DataFrame | None = None,
    base_weights: ArrayLike | None = None,
) -> tuple[Table, ...]:
    """All tables of one theme in one wave.

    answers: who counts (n rows); profile, weights, margins, base_weights: as in `crosstab`.
    The numbers of a table of its own end in its code: `E07-huurders`.
    """
    plan = survey.dossier.theme(theme)
    questionnaire, profiles = survey.questionnaire, survey.profiles.profiles
    items = set(survey.profiles.items) | set(survey.profiles.golden)
    design = design_of(survey.wave(wave), questionnaire, answers)

    def made(
        questions: Sequence[str],
        axes: Sequence[Sequence[str]],
        domain: NDArray[np.bool_] | None = None,
    ) -> tuple[Table, ...]:
        return crosstab(
            answers,
            questionnaire,
            questions,
            banner_of(answers, questionnaire, axes, profile, profiles),
            weights,
            margins,
            items,
            theme,
            wave,
            publication=survey.dossier.publication,
            base_weights=base_weights,
            design=design,
            domain=domain,
        )

    tables = list(made([q.code for q in survey.theme_questions(theme, wave)], plan.banner))
    for extra in plan.tables:
        domain = filtered(answers, questionnaire, extra.filter, profile, profiles)
        asked = [c for c in extra.questions if questionnaire.question(c).asked_in(wave)]
        own = made(asked, extra.banner, domain if extra.filter else None)
        tables += named(own, survey, extra)
    return tuple(tables)


def care_of(survey: Survey) -> Care:
    """What of a survey takes more care when its tables are published.

    A consultation is local; so are the questions that tell where people live below a province.
    Special are the questions that say so. Both with everything that is derived from them,
    through however many steps.
    """
    questionnaire = survey.questionnaire
    special = {q.code for q in questionnaire.questions if q.special != "none"}
    special |= {c.name for c in questionnaire.columns() if c.question.code in special}
    special |= {d.code for d in questionnaire.derived if d.special != "none"}
    return Care(
        everywhere=survey.info.role == "consultation",
        local=_and_derived(survey, set(survey.info.places.values())),
        special=_and_derived(survey, special),
    )


def _and_derived(survey: Survey, codes: set[str]) -> frozenset[str]:
    """These variables and all that is made of one of them."""
    while True:
        more = {d.code for d in survey.questionnaire.derived if codes.intersection(d.of)} - codes
        if not more:
            return frozenset(codes)
        codes = codes | more


def named(tables: Iterable[Table], survey: Survey, plan: TablePlan) -> list[Table]:
    """Tables with the number, the filter and the words of the plan that asked for them."""
    words = filter_text(survey, plan.filter)
    result = []
    for table in tables:
        number = f"{table.identity.number}-{plan.code}"
        own = replace(table, identity=replace(table.identity, number=number))
        result.append(about_people(own, words, plan.filter))
    return result


def about_people(
    table: Table, words: Text | None, conditions: Mapping[str, Sequence[str]]
) -> Table:
    """A table that says whom it is about: `words` and `conditions` of a filter."""
    identity = table.identity
    about = [text for text in (identity.base_text, words) if text is not None]
    filtered_by = tuple((name, tuple(codes)) for name, codes in conditions.items())
    base_text = _joined(about) if about else None
    return replace(table, identity=replace(identity, filter=filtered_by, base_text=base_text))


def stored_tables(cells: pd.DataFrame, survey: Survey, theme: str) -> tuple[Table, ...]:
    """The tables of a stored run (`cells_frame`), with the words of the present definitions.

    Raises CrosstabError where the questionnaire no longer knows a table or one of its rows.
    """
    items = set(survey.profiles.items) | set(survey.profiles.golden)
    plans = {plan.code: plan for plan in survey.dossier.theme(theme).tables}
    result: list[Table] = []
    for table in tables_of_cells(cells, survey.questionnaire, items):
        number, _, code = table.identity.number.rpartition("-")
        if number and code in plans:
            # Stored is only the code that its number ends in.
            bare = replace(table, identity=replace(table.identity, number=number))
            result += named([bare], survey, plans[code])
        else:
            result.append(table)
    return tuple(result)


def filter_text(survey: Survey, conditions: Mapping[str, Sequence[str]]) -> Text | None:
    """A filter in words, `Leeftijd: 18 tot 34 of 35 tot 49; Geslacht: vrouw`; None without one."""
    if not conditions:
        return None
    parts = []
    questionnaire = survey.questionnaire
    for name, codes in conditions.items():
        own = name == PROFILE
        levels = survey.profiles.profiles if own else questionnaire.levels(name)
        label = Text(nl="Profiel", en="Profile") if own else questionnaire.label(name)
        chosen = [level.label for level in levels if level.code in codes]
        parts.append(
            Text(
                nl=f"{label['nl']}: {' of '.join(each['nl'] for each in chosen)}",
                en=f"{label['en']}: {' or '.join(each['en'] for each in chosen)}",
            )
        )
    return _joined(parts)


def _joined(texts: Sequence[Text]) -> Text:
    return Text(nl="; ".join(t["nl"] for t in texts), en="; ".join(t["en"] for t in texts))

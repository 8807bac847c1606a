"""Per profile the traits that set it apart, from the tables of everything a wave asked.

A portrait tells nothing that the tables do not: its numbers are published cells and its traits
are findings, tested against all others over all tables together. What the profiles are made of,
their items and the demographics that place people, differs by making; it is shown apart, untested
and without marks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.findings import main_rows
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import (
    TOTAL,
    Cell,
    Identity,
    ProfileSize,
    PublishedTable,
    Row,
    Table,
    ThemeTables,
    Verdict,
)
from flows.crosstabs.verdicts import large_enough
from flows.definitions.columns import columns_of
from flows.definitions.dossier_plan import Publication
from flows.definitions.options import MISSING_CODES, Missing, Option
from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.ingest.derive import derive
from flows.statistics.estimated_margins import EstimatedMargin

THEME = "portraits"
MOST_ANSWERS = 3
"""So many answers of one question that allows several may be traits of one profile."""


@dataclass(frozen=True)
class Trait:
    """One published number of a profile, beside everybody's.

    `verdict`: how the profile compares with all others; none for what the profiles are made of.
    `strength` ranks and is not for print: the end of the interval of the difference nearest
    zero; for untested ones the difference with all others. A share's is a share, untested ones
    and means are in standard deviations.
    """

    identity: Identity
    row: Row
    own: Cell
    everybody: Cell
    n: int | None
    verdict: Verdict
    strength: float


@dataclass(frozen=True)
class TraitGroup:
    """The traits of one dimension, strongest first."""

    dimension: str
    traits: tuple[Trait, ...]


@dataclass(frozen=True)
class Portrait:
    """One profile: how many it holds, what it is made of, and in what else it differs.

    Groups stand in the order in which dimensions are defined; a dimension in which nothing
    stands out has none.
    """

    profile: str
    size: ProfileSize | None
    made_of: tuple[TraitGroup, ...]
    differs: tuple[TraitGroup, ...]


def portrait_questions(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    leave_out: Collection[str] = (),
    wave: str = "",
) -> tuple[pd.DataFrame, Questionnaire, tuple[Question, ...]]:
    """What a portrait is made from: everything with answers in `frame` (n rows).

    Where levels are derived from a question (age groups, three levels of education), these take
    its place. `leave_out`: codes that say where people live rather than how they are. A question
    that `wave` asked counts as having answers, so that `crosstab` says it when its columns are
    gone. Returns the frame with a column for each derived variable, the questionnaire with these
    as questions, and the questions in order: the dimensions'.
    """
    asked = [
        question
        for question in questionnaire.questions
        if question.type is not QuestionType.OPEN and _answered(frame, question, wave)
    ]
    known = {question.code for question in asked}
    made: list[Question] = []
    replaced: set[str] = set()
    for derived in questionnaire.derived:
        if derived.kind == "cross" or derived.of[0] not in known:
            continue
        source = questionnaire.question(derived.of[0])
        made.append(
            Question(
                code=derived.code,
                dimension=source.dimension,
                type=QuestionType.SINGLE,
                text=derived.text,
                options=tuple(
                    Option(code=level.code, nl=level.nl, en=level.en)
                    for level in questionnaire.levels(derived.code)
                ),
                special=derived.special if derived.special != "none" else source.special,
            )
        )
        replaced.add(source.code)
    order = {dimension: place for place, dimension in enumerate(Dimension)}
    questions = sorted(
        (q for q in (*made, *asked) if q.code not in replaced and q.code not in leave_out),
        key=lambda question: order[question.dimension],
    )
    values = derive(frame, questionnaire, [question.code for question in made])
    for question in made:
        codes = [option.code for option in question.options]
        values[question.code] = pd.Categorical(
            values[question.code]
            .astype(object)
            .where(values[question.code].notna(), Missing.SKIPPED.code),
            categories=[*codes, *MISSING_CODES],
        )
    whole = questionnaire.model_copy(update={"questions": (*questionnaire.questions, *made)})
    return pd.concat([frame, values], axis=1), whole, tuple(questions)


def portrait_tables(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    profile: ArrayLike,
    weights: ArrayLike,
    margins: pd.DataFrame | None = None,
    *,
    wave: str = "",
    publication: Publication = Publication(),  # noqa: B008
    base_weights: ArrayLike | None = None,
    estimated_margin: EstimatedMargin | None = None,
    leave_out: Collection[str] = (),
) -> tuple[Table, ...]:
    """All tables a portrait is made from; arguments as in `crosstab` and `portrait_questions`.

    Items, golden questions and the demographics by which people are placed (with the questions
    these are derived from) count as what defines the profiles: they are not tested.
    """
    whole, extended, questions = portrait_questions(frame, questionnaire, leave_out, wave)
    return crosstab(
        whole,
        extended,
        questions,
        profile_banner(profile, plan.codes, len(whole)),
        weights,
        margins,
        model_items=defining(plan, questionnaire),
        theme=THEME,
        wave=wave,
        publication=publication,
        base_weights=base_weights,
        estimated_margin=estimated_margin,
    )


def defining(plan: ProfilePlan, questionnaire: Questionnaire) -> frozenset[str]:
    """Codes of all that decides which profile a person gets, and of what that is derived from."""
    codes = {*plan.items, *plan.golden, *plan.concomitants}
    for derived in questionnaire.derived:
        if derived.code in codes:
            codes.update(derived.of)
    # Other levels of the same question say the same thing again.
    codes.update(d.code for d in questionnaire.derived if codes.intersection(d.of))
    return frozenset(codes)


def portraits(
    tables: Sequence[Table],
    plan: ProfilePlan,
    publication: Publication,
    sizes: Sequence[ProfileSize] = (),
    care: Care = Care(),  # noqa: B008
) -> tuple[ThemeTables, tuple[Portrait, ...]]:
    """Publish the tables of `portrait_tables`, and the portrait of every profile of the plan.

    Traits are findings: beyond chance by Benjamini-Hochberg over all tables together, marked in
    their own table, and large enough (`Publication`); of a table one, of a question with several
    answers at most three. What the profiles are made of is chosen by the size of the difference
    alone. Every number is shown under the rules of publication, or its trait is absent.
    """
    published = publish(tables, publication, theme=THEME, sizes=sizes, care=care)
    found = _traits_found(published)
    made = _traits_made_of(tables, published.tables, publication)
    size = {each.profile: each for each in sizes}
    return published, tuple(
        Portrait(
            profile=code,
            size=size.get(code),
            made_of=_grouped(made.get(code, [])),
            differs=_grouped(found.get(code, [])),
        )
        for code in plan.codes
    )


def _traits_found(published: ThemeTables) -> dict[str, list[Trait]]:
    by_number = {table.identity.number: table for table in published.tables}
    result: dict[str, list[Trait]] = {}
    for finding in published.findings:
        table = by_number[finding.table]
        trait = _trait(table, finding.row, finding.column, finding.direction, finding.strength)
        if trait is not None:
            result.setdefault(finding.column, []).append(trait)
    return result


def _traits_made_of(
    tables: Sequence[Table], published: Sequence[PublishedTable], publication: Publication
) -> dict[str, list[Trait]]:
    """Per profile the defining rows that differ enough to matter, by size in deviations."""
    result: dict[str, list[Trait]] = {}
    for table, shown in zip(tables, published, strict=True):
        if not table.identity.model_item:
            continue
        enough = large_enough(table, publication)
        for c, column in enumerate(table.columns[:-1]):
            for r in main_rows(table):
                spread = table.standard_deviation[r, -1]
                if not enough[r, c] or not spread > 0:
                    continue
                size = float(abs(table.difference[r, c]) / spread)
                trait = _trait(shown, table.rows[r].code, column, Verdict.NONE, size)
                if trait is not None and np.isfinite(size):
                    result.setdefault(column, []).append(trait)
    return result


def _trait(
    table: PublishedTable, row: str, column: str, verdict: Verdict, strength: float
) -> Trait | None:
    own, everybody = table.cell(row, column), table.cell(row, TOTAL)
    if not (own.shown and everybody.shown):
        return None
    n = table.n[table.columns.index(column)]
    return Trait(table.identity, table.row(row), own, everybody, n, verdict, strength)


def _grouped(traits: Sequence[Trait]) -> tuple[TraitGroup, ...]:
    """The strongest of every table, by dimension."""
    taken: dict[str, int] = {}
    groups: dict[str, list[Trait]] = {dimension.value: [] for dimension in Dimension}
    ranked = sorted(traits, key=lambda t: (-t.strength, t.identity.number, t.row.code))
    for trait in ranked:
        number = trait.identity.number
        taken[number] = taken.get(number, 0) + 1
        if taken[number] <= (MOST_ANSWERS if trait.identity.multiple else 1):
            groups[trait.identity.dimension].append(trait)
    return tuple(TraitGroup(code, tuple(group)) for code, group in groups.items() if group)


def _answered(frame: pd.DataFrame, question: Question, wave: str) -> bool:
    """Whether the wave asked it: its columns are there and somebody answered one."""
    columns = columns_of(question)
    if any(column.name not in frame for column in columns):
        return bool(wave) and question.asked_in(wave)
    for column in columns:
        values = frame[column.name]
        if question.type is QuestionType.NUMBER:
            if values.notna().any():
                return True
        elif values.astype(str).isin([*column.codes]).any():
            return True
    return False

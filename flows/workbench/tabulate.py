"""Ad hoc tables: questions asked for on the command line, under the rules of publication.

Nothing is stored. The same stored weights, profiles and rules are used as for dossiers, so a
table asked for here says what the dossier's would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from flows.crosstabs.banner import BannerAxis, Column, banner_of, filtered
from flows.crosstabs.cells import STATISTICS
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.disclosure.edition import Beside
from flows.crosstabs.dry_run import DryRun, dry_run
from flows.crosstabs.margins import calibrated_on, design_of
from flows.crosstabs.overview import compared
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import PublishedTable, Table, ThemeTables
from flows.crosstabs.theme_tables import about_people, care_of, filter_text, theme_tables
from flows.crosstabs.tidy import tidy
from flows.definitions import Survey, load_survey
from flows.definitions.dossier_plan import PROFILE, Publication
from flows.definitions.models import Text
from flows.definitions.waves import Wave
from flows.edges import existing_store, find_wave, kept_answers, profiles_of_people, weights_of
from flows.errors import Refusal
from flows.published_tables import dossier_tables


@dataclass(frozen=True, eq=False)
class Tabulation:
    """What was asked, the unrounded `tables`, and what of them may be published.

    `columns`: the heads, axis by axis, the total last. `filter_text`: who is tabulated, in
    words; None: everybody. `concept`: the profile model is not accepted yet. `weights`: the
    lowest and the highest (mean 1).
    """

    survey: Survey
    wave: Wave
    tables: tuple[Table, ...]
    published: ThemeTables
    axes: tuple[BannerAxis, ...]
    columns: tuple[Column, ...]
    filter_text: Text | None
    publication: Publication
    concept: bool
    weights: tuple[float, float]

    @property
    def national(self) -> bool:
        """Whether the total column is the whole country, and no area or part of the people."""
        return self.survey.info.role != "consultation" and self.filter_text is None

    def tidy(self, *, compare: bool = False) -> pd.DataFrame:
        """The tidy table of what is published, one line a number.

        `compare`: with a last column `times_total`, of shares that are marked: how many times
        the share in the total column (`overview.compared`).
        """
        frame = tidy(self.published, self.survey.code, self.wave.code, "")
        if compare:
            told = _times(self.published.tables)
            keys = zip(*(frame[name] for name in CELL), strict=True)
            frame["times_total"] = pd.array([told.get(key) for key in keys], dtype="Float64")
        return frame


CELL = ("table", "statistic", "answer", "column")
"""What tells one line of the tidy table from another."""


def _times(tables: Sequence[PublishedTable]) -> dict[tuple[str, str, str, str], float]:
    return {
        (table.identity.number, STATISTICS[row.kind], row.code, column): times
        for table in tables
        for row, line in zip(table.rows, compared(table), strict=True)
        for column, times in zip(table.columns, line, strict=True)
        if times is not None
    }


def tabulate(
    folder: Path,
    wave: str,
    rows: Sequence[str],
    columns: Sequence[Sequence[str]],
    conditions: Mapping[str, Sequence[str]],
    changes: Mapping[str, object] | None = None,
) -> Tabulation:
    """Tabulate questions of a processed wave.

    folder: of the survey. rows: codes of questions, or of grid items (`E03_b`).
    columns: axes of variables, as in `banner_of`. conditions: variable -> codes, all to be met.
    changes: settings of the rules of publication that this table has otherwise (`test`,
        `correction`); the rules for size and precision are the survey's.

    Refuses a code that does not exist, a wave without weights, and a filter nobody meets.
    """
    definition = load_survey(folder)
    defined = find_wave(definition, wave)
    questions, items = _asked(definition, wave, rows)
    plain = definition.dossier.publication
    publication = Publication.model_validate(plain.model_dump() | dict(changes or {}))
    with existing_store() as store:
        answers = kept_answers(store, definition, defined)
        weights = weights_of(store, definition, defined, answers)
        weighting = store.current_weighting(definition.code, wave)
        assert weighting is not None
        by_profile = any(PROFILE in axis for axis in columns) or PROFILE in conditions
        profiles = profiles_of_people(store, definition, defined, answers) if by_profile else None
        typing = store.current_typing(definition.code, wave) if by_profile else None
        beside = dossier_tables(store, definition, wave, questions)
        concept = typing is not None and store.model_by_id(typing.model_id).state != "accepted"
    margins, base = calibrated_on(definition, wave, answers, weighting.summary)
    questionnaire, known = definition.questionnaire, definition.profiles.profiles
    banner = banner_of(answers, questionnaire, columns, profiles, known)
    domain = filtered(answers, questionnaire, conditions, profiles, known) if conditions else None
    if domain is not None and not domain.any():
        raise Refusal(f"Nobody in {definition.code} {wave} meets the filter; ask for more people.")
    tables = crosstab(
        answers,
        questionnaire,
        [questionnaire.question(code) for code in questions],
        banner,
        weights,
        margins,
        model_items=set(definition.profiles.items) | set(definition.profiles.golden),
        wave=wave,
        publication=publication,
        base_weights=base,
        design=design_of(defined, questionnaire, answers),
        domain=domain,
    )
    about = filter_text(definition, conditions)
    tables = tuple(
        _named(about_people(table, about, conditions))
        for table in tables
        if not items
        or table.identity.question not in items
        or table.identity.item in items[table.identity.question]
    )
    return Tabulation(
        survey=definition,
        wave=defined,
        tables=tables,
        published=publish(
            tables, publication, care=care_of(definition), beside=_alike(tables, beside)
        ),
        axes=banner.axes,
        columns=banner.columns,
        filter_text=about,
        publication=publication,
        concept=concept,
        weights=(weighting.summary["weights"]["min"], weighting.summary["weights"]["max"]),
    )


def dry_runs(folder: Path, wave: str, themes: Sequence[str] | None = None) -> dict[str, DryRun]:
    """What publishing the themes of a wave would hide now, per theme; nothing is written.

    From the stored weights and profiles, under the present definitions. Refuses a theme that the
    wave does not fill.
    """
    definition = load_survey(folder)
    defined = find_wave(definition, wave)
    if strange := sorted(set(themes or ()) - set(defined.themes)):
        raise Refusal(
            f"{definition.code} {wave} fills no dossier {strange[0]}. Its themes are: "
            f"{', '.join(defined.themes) or 'none'}."
        )
    with existing_store() as store:
        answers = kept_answers(store, definition, defined)
        weights = weights_of(store, definition, defined, answers)
        profiles = profiles_of_people(store, definition, defined, answers)
        weighting = store.current_weighting(definition.code, wave)
        assert weighting is not None
    margins, base = calibrated_on(definition, wave, answers, weighting.summary)
    rules, care = definition.dossier.publication, care_of(definition)
    found = {}
    for theme in themes or defined.themes:
        tables = theme_tables(definition, wave, theme, answers, profiles, weights, margins, base)
        found[theme] = dry_run(tables, rules, care=care)
    return found


def _alike(tables: Sequence[Table], beside: Sequence[Beside]) -> tuple[Beside, ...]:
    """Those tables of dossiers that have the rows of a table here."""
    rows = {(t.identity.question, t.identity.item): _codes(t) for t in tables}
    return tuple(
        (table, shown)
        for table, shown in beside
        if rows.get((table.identity.question, table.identity.item)) == _codes(table)
    )


def _codes(table: Table) -> list[tuple[str, str]]:
    return [(row.kind, row.code) for row in table.rows]


def _named(table: Table) -> Table:
    """A filtered table with the filter in its number, so that no file takes it for the whole."""
    who = ";".join(f"{name}={'|'.join(codes)}" for name, codes in table.identity.filter)
    if not who:
        return table
    return replace(
        table, identity=replace(table.identity, number=f"{table.identity.number}[{who}]")
    )


def _asked(
    survey: Survey, wave: str, rows: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, set[str]]]:
    """The questions to tabulate, and of grids of which only some items were named, those."""
    questions: dict[str, None] = {}
    items: dict[str, set[str]] = {}
    whole: set[str] = set()
    columns = {column.name: column for column in survey.questionnaire.columns(wave)}
    for code in rows:
        if survey.questionnaire.has(code):
            if not survey.questionnaire.question(code).asked_in(wave):
                raise Refusal(f"{survey.code} {wave} did not ask {code}; name another question.")
            questions[code] = None
            whole.add(code)
        elif code in columns and columns[code].item is not None:
            column = columns[code]
            assert column.item is not None
            questions[column.question.code] = None
            items.setdefault(column.question.code, set()).add(column.item.code)
        else:
            raise Refusal(
                f"{survey.code} has no question or grid item {code}; the codes stand in "
                f"surveys/{survey.code}/questionnaire.yaml."
            )
    return tuple(questions), {code: some for code, some in items.items() if code not in whole}

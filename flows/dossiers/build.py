"""Puts a dossier together: published tables and facts in, the contents of every sheet out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace

from flows.crosstabs.banner import parts_of_column
from flows.crosstabs.tables import PublishedTable, ThemeTables
from flows.definitions.dossier_plan import PROFILE, ThemePlan
from flows.definitions.models import Language, Text
from flows.dossiers.axes import by_profile, other_axes
from flows.dossiers.content import DossierContent, Sheet
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts
from flows.dossiers.reading import Context
from flows.dossiers.sheets.common import status_line
from flows.dossiers.sheets.cover import contents_sheet, cover_sheet
from flows.dossiers.sheets.data import chart_data_sheet, data_sheet
from flows.dossiers.sheets.guide import guide_sheet
from flows.dossiers.sheets.method import method_sheet
from flows.dossiers.sheets.numbers import Numbers, numbers_sheet, of_axis, of_overview
from flows.dossiers.sheets.profiles import profiles_sheet
from flows.dossiers.sheets.table import table_sheet
from flows.dossiers.texts import Words, words
from flows.fingerprint import of_json

LONGEST_SHEET_NAME = 31
_OTHERS = ("guide", "method", "data", "chart_data")


def build_content(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan, language: Language
) -> DossierContent:
    """The contents of the national workbook of one theme in one language.

    Everything comes from published tables, so a hidden number can be nowhere. Raises
    `DossierError` when there is nothing to show or two profiles share a name, and
    `LayoutError` for a text that no sheet can hold.
    """
    _check(tables, facts, language)
    context = Context(by_profile(tables), facts, words(language))
    views = tuple(other_axes(tables))
    extra = [of_overview(context, table) for table in by_profile(tables).overviews]
    extra += [of_axis(context, view) for view in views]
    named, numbers = _sheet_names(context, extra)
    sheets = [
        cover_sheet(context),
        contents_sheet(context, named, numbers, _OTHERS),
        profiles_sheet(context, plan),
        *(table_sheet(context, table, name) for table, name in named),
        *(numbers_sheet(context, each, name) for each, name in numbers),
        guide_sheet(context),
        method_sheet(context),
        data_sheet(context, [view.table for view in views]),
    ]
    charts = [sheet.chart for sheet in sheets if sheet.chart is not None]
    chart_data, placed = chart_data_sheet(context, charts)
    sheets = [
        replace(sheet, chart=placed[sheet.chart.name]) if sheet.chart else sheet for sheet in sheets
    ]
    return DossierContent(
        language=language,
        title=_title(context.words, facts),
        subject=context.words(
            "property.subject",
            survey=facts.survey_title[language],
            period=facts.field.period[language],
        ),
        creator=facts.publisher[language],
        day=facts.edition.day.isoformat(),
        status=status_line(context),
        sheets=(*sheets, chart_data),
        quoted=_quoted(tables, facts, plan, language),
        simulated=facts.simulated,
        concept=facts.concept,
    )


def content_sha256(
    tables: ThemeTables,
    facts: DossierFacts,
    plan: ThemePlan,
    languages: Sequence[Language],
) -> str:
    """Hash of all that a dossier says, but for its edition number, date and change notes.

    A run that leads to the same hash changes nothing, so the old files stay.
    """
    neutral = facts.without_edition()
    contents = [
        [_flat(sheet) for sheet in build_content(tables, neutral, plan, language).sheets]
        for language in languages
    ]
    effective = [[table.identity.number, table.n_eff] for table in tables.tables]
    return of_json({"contents": contents, "effective": effective})


def _flat(sheet: Sheet) -> object:
    """A sheet as plain values: what it says and how, in an order that never changes."""
    rows = [
        [row.height, [[c.value, c.style.role, c.style.format, c.link] for c in row.cells]]
        for row in sheet.rows
    ]
    chart = asdict(sheet.chart) if sheet.chart is not None else None
    return [sheet.name, sheet.widths, rows, chart]


def _check(tables: ThemeTables, facts: DossierFacts, language: Language) -> None:
    if not by_profile(tables).tables:
        raise DossierError(
            f"theme {tables.theme!r} of survey {facts.survey!r} has no tables to publish; "
            "check the questions in dossier.yaml and the waves that asked them"
        )
    names = [profile.label[language] for profile in facts.profiles]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DossierError(
            f"two profiles of survey {facts.survey!r} are both named {twice[0]!r}; "
            "give each a name of its own in profiles.yaml"
        )
    known = {(PROFILE, profile.code) for profile in facts.profiles}
    known |= {key for key, _ in facts.levels}
    for table in tables.tables:
        unknown = [c for c in table.columns if not known.issuperset(parts_of_column(c))]
        if unknown:
            raise DossierError(
                f"table {table.identity.number} has a column for {unknown[0]!r}, which "
                "profiles.yaml and dossier.yaml do not name"
            )


def _sheet_names(
    context: Context, extra: Sequence[Numbers]
) -> tuple[list[tuple[PublishedTable, str]], list[tuple[Numbers, str]]]:
    """A sheet name a table: its number (and axis), within Excel's rules and unique."""
    taken = {context.words(f"sheet.{key}").lower() for key in ("cover", "contents", "profiles")}
    taken |= {context.words(f"sheet.{key}").lower() for key in _OTHERS}

    def name_of(wish: str) -> str:
        stem = re.sub(r"[\[\]:*?/\\']", "-", wish)[:LONGEST_SHEET_NAME].rstrip()
        name, attempt = stem, 2
        while name.lower() in taken:
            suffix = f" ({attempt})"
            name, attempt = stem[: LONGEST_SHEET_NAME - len(suffix)] + suffix, attempt + 1
        taken.add(name.lower())
        return name

    named = [(table, name_of(table.identity.number)) for table in context.tables.tables]
    return named, [(each, name_of(each.wish)) for each in extra]


def _title(wording: Words, facts: DossierFacts) -> str:
    title = wording("property.title", theme=facts.theme_title[wording.language])
    return wording("property.simulated", title=title) if facts.simulated else title


def _quoted(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan, language: Language
) -> frozenset[str]:
    """Texts that are the survey's or the bureau's own, not ours to judge the wording of."""
    texts: list[Text | None] = [plan.title, plan.interpretation, facts.survey_title]
    for table in tables.tables:
        identity = table.identity
        texts += [identity.text, identity.question_text, identity.base_text]
        texts += [row.label for row in table.rows]
    texts += [text for _, text in facts.short_titles]
    texts += [profile.label for profile in facts.profiles]
    texts += [facts.publisher, facts.contact, facts.usage, facts.coverage, facts.next_edition]
    field = facts.field
    texts += [field.population, field.frame, field.selection, field.mode, field.period]
    return frozenset(text[language] for text in texts if text is not None and text[language])

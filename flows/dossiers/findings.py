"""The sentence above each table, made by rule from what is published.

A finding about a hidden number does not exist here, so no sentence can tell it.
"""

from __future__ import annotations

from collections.abc import Iterable

from flows.crosstabs.tables import TOTAL, Finding, Flag, PublishedTable, Row, Verdict
from flows.dossiers.layout import fits, shorten
from flows.dossiers.reading import (
    Context,
    any_shown,
    findings_of,
    has_marks,
    lead_row,
    marked,
    most_marked,
    ranked_answers,
)

COVER_FINDINGS = 3
_QUESTION_ROOM = 560.0
"""Pixels a question may take inside a sentence on the cover (15 points)."""


def sentences(context: Context, table: PublishedTable) -> list[str]:
    """Ways to say what the table shows, from full to brief; never empty."""
    lead = lead_row(table)
    if lead is None:
        return _without_lead(context, table)
    total = table.cell(lead.code, TOTAL)
    words = context.words
    if not total.shown:
        return [words("finding.too_few" if _too_few(table) else "finding.protected")]
    base = context.base(table)
    value = context.figure(total, lead)
    if lead.kind == "mean":
        national = words("finding.mean", base=base, value=value)
    else:
        national = words("finding.share", base=base, value=value, answer=context.label(lead))
    found = findings_of(context.tables, table)
    contrast = _contrast(context, table, lead, found)
    if contrast:
        return [f"{national} {contrast}", national]
    other = next((finding for finding in found if finding.row != lead.code), None)
    if other is not None and table.row(other.row).kind != "mean":
        return [f"{national} {_about(context, table, other)}", national]
    if table.identity.model_item or has_marks(table):
        return [national]
    return [f"{national} {words('finding.none')}", national]


def standout(context: Context, table: PublishedTable) -> tuple[str, bool]:
    """What the contents say about differences between profiles, and whether there are any."""
    words = context.words
    if table.identity.model_item or not any_shown(table):
        return words("contents.untested"), False
    lead = lead_row(table)
    lines = []
    if lead is not None:
        higher, lower = marked(table, lead)
        if higher:
            lines.append(words("contents.higher", profile=_first(context, higher)))
        if lower:
            lines.append(words("contents.lower", profile=_first(context, lower)))
    if not lines:
        differing = most_marked(table)
        if differing:
            lines.append(words("contents.differs", profile=_first(context, differing)))
    return ("\n".join(lines), True) if lines else (words("contents.same"), False)


def cover_sentences(context: Context) -> list[str]:
    """The strongest findings of the dossier, at most one a table and one a profile first.

    Where fewer than three profiles differ, a second finding on a profile may follow.
    """
    ranked = [
        (table, finding)
        for finding in context.tables.findings
        if (table := context.tables.table(finding.table)) is not None
        and finding in findings_of(context.tables, table)
    ]
    chosen: list[tuple[PublishedTable, Finding]] = []
    for spare_profiles in (True, False):
        for table, finding in ranked:
            used_tables = {t.identity.number for t, _ in chosen}
            used_profiles = {f.column for _, f in chosen}
            if len(chosen) == COVER_FINDINGS or finding.table in used_tables:
                continue
            if spare_profiles and finding.column in used_profiles:
                continue
            chosen.append((table, finding))
    return [_on_cover(context, table, finding) for table, finding in chosen]


def tables_with_differences(context: Context) -> int:
    """Number of tables in which some profile is marked or found to differ."""
    return sum(standout(context, table)[1] for table in context.tables.tables)


def _without_lead(context: Context, table: PublishedTable) -> list[str]:
    words = context.words
    ranked = ranked_answers(table)
    if not ranked:
        return [words("finding.too_few" if _too_few(table) else "finding.protected")]
    row, cell = ranked[0]
    key = "finding.most" if table.identity.multiple else "finding.most_single"
    most = words(key, answer=context.label(row), value=context.figure(cell, row))
    found = [
        finding
        for finding in findings_of(context.tables, table)
        if not table.row(finding.row).last and table.row(finding.row).kind != "mean"
    ]
    if not found:
        if table.identity.model_item or has_marks(table):
            return [most]
        return [f"{most} {words('finding.none')}", most]
    first = found[0]
    if first.row != row.code:
        return [f"{most} {_about(context, table, first)}", most]
    own = context.figure(table.cell(first.row, first.column), row)
    same = words("finding.contrast_one", profile=context.name(first.column), value=own)
    return [f"{most} {same}", most]


def _contrast(context: Context, table: PublishedTable, lead: Row, found: Iterable[Finding]) -> str:
    """Who is highest and lowest in the row that stands for the table."""
    high = [f for f in found if f.row == lead.code and f.direction is Verdict.HIGHER]
    low = [f for f in found if f.row == lead.code and f.direction is Verdict.LOWER]
    parts = {
        side: (context.name(f[0].column), context.figure(table.cell(lead.code, f[0].column), lead))
        for side, f in (("high", high), ("low", low))
        if f
    }
    words = context.words
    if len(parts) == 2:
        return words(
            "finding.contrast_two",
            high=parts["high"][0],
            high_value=parts["high"][1],
            low=parts["low"][0],
            low_value=parts["low"][1],
        )
    for name, value in parts.values():
        return words("finding.contrast_one", profile=name, value=value)
    return ""


def _about(context: Context, table: PublishedTable, finding: Finding) -> str:
    row = table.row(finding.row)
    return context.words(
        "finding.more" if table.identity.multiple else "finding.other",
        profile=context.name(finding.column),
        value=context.figure(table.cell(finding.row, finding.column), row),
        answer=context.label(row),
        base=context.base(table),
        total=context.figure(table.cell(finding.row, TOTAL), row),
    )


def _on_cover(context: Context, table: PublishedTable, finding: Finding) -> str:
    row = table.row(finding.row)
    if row.kind == "mean":
        key = "finding.cover_mean"
    else:
        key = "finding.cover_multiple" if table.identity.multiple else "finding.cover_share"
    return context.words(
        key,
        profile=context.name(finding.column),
        value=context.figure(table.cell(finding.row, finding.column), row),
        answer=context.label(row),
        question=_inside(context, table),
        base=context.base(table),
        total=context.figure(table.cell(finding.row, TOTAL), row),
    )


def _inside(context: Context, table: PublishedTable) -> str:
    """A question inside a sentence: whole where it fits, else its short title, else cut."""
    whole = context.question(table).rstrip(" .")
    if fits(whole, 15, "regular", _QUESTION_ROOM):
        return whole
    return shorten(context.topic(table).rstrip(" ."), 15, "regular", _QUESTION_ROOM)


def _first(context: Context, columns: list[str]) -> str:
    name = context.name(columns[0])
    if len(columns) == 1:
        return name
    return context.words("contents.others", profile=name, count=len(columns) - 1)


def _too_few(table: PublishedTable) -> bool:
    place = table.columns.index(TOTAL)
    return all(line[place].flag in (Flag.TOO_FEW, Flag.NO_BASE) for line in table.cells)

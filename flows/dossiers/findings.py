"""The sentence above each table, made by rule from what is published.

A finding about a hidden number does not exist here, so no sentence can tell it.
"""

from __future__ import annotations

from collections.abc import Iterable

from flows.crosstabs.tables import SHARES, TOTAL, Finding, Flag, PublishedTable, Row, Verdict
from flows.dossiers.experiments import (
    effect_finding,
    experiment_sentences,
    is_experiment,
    marked_effects,
)
from flows.dossiers.layout import lines_needed, shorten
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
from flows.dossiers.theme import COVER_WIDTHS

COVER_FINDINGS = 3
_COVER_LINES = 3
_TOPIC_ROOM = 700.0
"""Pixels the topic before a sentence on the cover may take (15 points)."""


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
    elif (agreed := context.agreed(table, lead)) is not None:
        national = words("finding.agreed", base=base, value=value, agreed=agreed)
    else:
        national = words("finding.share", base=base, value=value, answer=context.label(lead))
    found = findings_of(context, table)
    if contrasts := _contrasts(context, table, lead, found):
        return [*(f"{national} {contrast}" for contrast in contrasts), national]
    other = next((finding for finding in found if finding.row != lead.code), None)
    if other is not None and table.row(other.row).kind in SHARES:
        return [f"{national} {_about(context, table, other)}", national]
    if table.identity.model_item or has_marks(table):
        return [national]
    return [f"{national} {words('finding.none')}", national]


def is_compared(table: PublishedTable) -> bool:
    """Whether profiles are compared in this table at all."""
    return not table.identity.model_item and any_shown(table)


def standout(context: Context, table: PublishedTable) -> tuple[str, bool]:
    """What the contents say about differences between profiles, and whether there are any."""
    words = context.words
    if not is_compared(table):
        return words("contents.untested"), False
    lead = lead_row(table)
    lines = []
    if lead is not None:
        for key, columns in zip(("higher", "lower"), marked(table, lead), strict=True):
            if columns:
                value = context.figure(table.cell(lead.code, columns[0]), lead)
                name = context.name(columns[0])
                lines.append(words(f"contents.{key}", profile=name, value=value))
    elif is_experiment(table):
        lines += marked_effects(context, table)
    elif told := _about_answers(context, table):
        first = told[0]
        lines.append(
            words(
                f"contents.more_{first.direction.value}",
                profile=context.name(first.column),
                answer=context.label(table.row(first.row)),
                value=context.figure(table.cell(first.row, first.column), table.row(first.row)),
            )
        )
    if not lines:
        differing = most_marked(table)
        if differing:
            lines.append(words("contents.differs", profile=_first(context, differing)))
    return ("\n".join(lines), True) if lines else (words("contents.same"), False)


def cover_sentences(context: Context) -> list[str]:
    """The findings on the cover, each a full sentence."""
    return [_on_cover(context, table, finding) for table, finding in cover_findings(context)]


def cover_findings(context: Context) -> list[tuple[PublishedTable, Finding]]:
    """The strongest findings of the dossier that differ in what they are about.

    First one a dimension, a question and a profile, and one mean, since the strength of a mean
    is in other units; where that leaves places open, one a question and a profile, then one a
    question, then one a table.
    """
    ranked = [
        (table, finding)
        for finding in context.tables.findings
        if (table := context.tables.table(finding.table)) is not None
        and finding in findings_of(context, table)
    ]
    chosen: list[tuple[PublishedTable, Finding]] = []
    for apart in (
        ("dimension", "question", "profile", "mean"),
        ("question", "profile"),
        ("question",),
        ("table",),
    ):
        for table, finding in ranked:
            if len(chosen) < COVER_FINDINGS and not any(
                _about_same(kind, (table, finding), other) for other in chosen for kind in apart
            ):
                chosen.append((table, finding))
    return chosen


def _about_same(
    kind: str, one: tuple[PublishedTable, Finding], other: tuple[PublishedTable, Finding]
) -> bool:
    first, second = one[0].identity, other[0].identity
    if kind == "mean":
        return all(table.row(finding.row).kind == "mean" for table, finding in (one, other))
    if kind == "dimension":
        return first.dimension == second.dimension
    if kind == "question":
        return first.question == second.question
    if kind == "table":
        return first.number == second.number
    return one[1].column == other[1].column


def tables_with_differences(context: Context) -> int:
    """Number of tables in which some profile is marked or found to differ."""
    return sum(standout(context, table)[1] for table in context.tables.tables)


def _without_lead(context: Context, table: PublishedTable) -> list[str]:
    words = context.words
    if is_experiment(table) and (told := experiment_sentences(context, table)):
        return told
    ranked = ranked_answers(table)
    if not ranked:
        return [words("finding.too_few" if _too_few(table) else "finding.protected")]
    row, cell = ranked[0]
    key = "finding.most" if table.identity.multiple else "finding.most_single"
    most = words(key, answer=context.label(row), value=context.figure(cell, row))
    found = _about_answers(context, table)
    if not found:
        if table.identity.model_item or has_marks(table):
            return [most]
        return [f"{most} {words('finding.none')}", most]
    first = found[0]
    if first.row != row.code:
        return [f"{most} {_about(context, table, first)}", most]
    own = context.figure(table.cell(first.row, first.column), row)
    who = {"profile": context.group(first.column), "value": own}
    same = words("finding.contrast_one", **who)
    ways = [f"{most} {same}", most]
    times = context.times(table, row, first.column)
    if times is not None and first.direction is Verdict.HIGHER:
        ways.insert(0, f"{most} {words('finding.contrast_one_times', times=times, **who)}")
    return ways


def _contrasts(
    context: Context, table: PublishedTable, lead: Row, found: Iterable[Finding]
) -> list[str]:
    """Who is highest and lowest in the row that stands for the table; empty for nobody.

    First with how many times as many as in the Netherlands that is among the highest.
    """
    high = [f for f in found if f.row == lead.code and f.direction is Verdict.HIGHER]
    low = [f for f in found if f.row == lead.code and f.direction is Verdict.LOWER]
    parts = {
        side: (context.group(f[0].column), context.figure(table.cell(lead.code, f[0].column), lead))
        for side, f in (("high", high), ("low", low))
        if f
    }
    words = context.words
    values = {}
    if len(parts) == 2:
        key = "finding.contrast_two"
        values = {
            "high": parts["high"][0],
            "high_value": parts["high"][1],
            "low": parts["low"][0],
            "low_value": parts["low"][1],
        }
    else:
        key = "finding.contrast_one"
        for name, value in parts.values():
            values = {"profile": name, "value": value}
    if not values:
        return []
    plain = words(key, **values)
    times = context.times(table, lead, high[0].column) if high else None
    return [plain] if times is None else [words(f"{key}_times", times=times, **values), plain]


def _about(context: Context, table: PublishedTable, finding: Finding) -> str:
    row = table.row(finding.row)
    return context.words(
        "finding.more" if table.identity.multiple else "finding.other",
        profile=context.group(finding.column),
        value=context.figure(table.cell(finding.row, finding.column), row),
        answer=context.label(row),
        base=context.base(table),
        total=context.figure(table.cell(finding.row, TOTAL), row),
    )


def _on_cover(context: Context, table: PublishedTable, finding: Finding) -> str:
    """What one profile says and everybody says, about what: the first way that fits."""
    row = table.row(finding.row)
    said = {
        "profile": context.group(finding.column),
        "value": context.figure(table.cell(finding.row, finding.column), row),
        "answer": context.label(row),
        "base": context.base(table),
        "total": context.figure(table.cell(finding.row, TOTAL), row),
        "agreed": context.agreed(table, row),
    }
    words = context.words
    topic = shorten(context.topic(table).rstrip(" ."), 15, "regular", _TOPIC_ROOM)
    if row.kind == "effect":
        return _after(topic, effect_finding(context, table, row, finding.column))
    if said["agreed"] is not None:
        statement = context.question(table).rstrip(" .")
        whole = words("finding.cover_statement", statement=statement, **said)
        if lines_needed(whole, 15, "regular", COVER_WIDTHS[1]) <= _COVER_LINES:
            return whole
        key = "finding.cover_agreed"
    elif row.kind == "mean":
        key = "finding.cover_mean"
    else:
        key = "finding.cover_multiple" if table.identity.multiple else "finding.cover_share"
    return _after(topic, words(key, **said))


def _after(topic: str, sentence: str) -> str:
    if topic.endswith(("?", "!", "...")):
        return f"{topic} {sentence[:1].upper()}{sentence[1:]}"
    return f"{topic}: {sentence}"


def _about_answers(context: Context, table: PublishedTable) -> list[Finding]:
    """Findings about an answer that says something: no mean, no 'other', no 'none of these'."""
    return [
        finding
        for finding in findings_of(context, table)
        if not table.row(finding.row).last and table.row(finding.row).kind in SHARES
    ]


def _first(context: Context, columns: list[str]) -> str:
    name = context.name(columns[0])
    if len(columns) == 1:
        return name
    return context.words("contents.others", profile=name, count=len(columns) - 1)


def _too_few(table: PublishedTable) -> bool:
    place = table.columns.index(TOTAL)
    return all(line[place].flag in (Flag.TOO_FEW, Flag.NO_BASE) for line in table.cells)

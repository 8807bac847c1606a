"""Profiles side by side: size, stance, willingness, main motive and barrier, channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flows.crosstabs.tables import TOTAL, Verdict
from flows.definitions.dossier_plan import ThemePlan
from flows.dossiers.content import Cell, Sheet
from flows.dossiers.layout import fits, shorten
from flows.dossiers.perspective import (
    MOST_CHANNELS,
    Entry,
    Measure,
    Tops,
    distinctive,
    interpretation,
    main_answer,
    measure,
    tops,
    used_channels,
)
from flows.dossiers.reading import Context
from flows.dossiers.sheets.common import Page, cell
from flows.dossiers.sheets.table import number_cell
from flows.dossiers.theme import COUNT, COUNT_ROOM, SHARE, TOTAL_SHARE

_WIDTH = 1190
_PROFILE, _SHARE, _COUNT, _MEASURE = 16.0, 11.5, 11.5, 13.0
_ROW_HEIGHT = 28.0
_QUESTION_ROOM = 480.0


@dataclass(frozen=True)
class _Column:
    """One column of the sheet besides profile, share and count."""

    name: str
    content: Measure | Tops
    say: Callable[[Context, Sequence[Entry]], str]


def profiles_sheet(context: Context, plan: ThemePlan) -> Sheet:
    """One row a profile, then the Netherlands."""
    words, tables = context.words, context.tables
    columns = _columns(context, plan)
    headers = [words("profiles.profile"), words("profiles.size"), words("profiles.n")]
    headers += [_header(context, plan, column) for column in columns]
    page = Page(_widths(columns))
    page.head(
        context,
        title=words("profiles.title"),
        findings=_findings(context, columns),
        basis=[
            words(
                "profiles.basis",
                n=words.integer(context.facts.field.kept),
                period=context.facts.field.period[context.language],
            )
        ],
    )
    roles = ["header_left", "header_right", "header_right"]
    roles += [
        "header_right" if isinstance(column.content, Measure) else "header_left_in"
        for column in columns
    ]
    header_row = page.header(headers, roles)
    for size in tables.sizes:
        share = (
            cell(words("word.few"), "word")
            if size.share is None
            else cell(size.share, "number", SHARE)
        )
        row = [
            cell(context.name(size.profile), "label_ink"),
            share,
            cell(size.n, "number", COUNT_ROOM),
            *(_shown(context, column, size.profile) for column in columns),
        ]
        page.body(row, least=_ROW_HEIGHT)
    total = [
        cell(words("profiles.everyone"), "label_bold"),
        cell(1.0, "number_bold", TOTAL_SHARE),
        cell(sum(size.n for size in tables.sizes), "number_bold", COUNT),
        *(_shown(context, column, TOTAL) for column in columns),
    ]
    page.body(total, least=_ROW_HEIGHT, rule=True)
    area = page.close_table("tbl_profiles", header_row, headers)
    page.notes(_notes(context, plan, columns))
    return Sheet(
        key="profiles",
        name=words("sheet.profiles"),
        widths=page.widths,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
    )


def _columns(context: Context, plan: ThemePlan) -> list[_Column]:
    candidates = (
        ("stance", measure(context, plan.stance), main_answer),
        ("willingness", measure(context, plan.willingness), main_answer),
        ("motive", tops(context, plan.motives), main_answer),
        ("barrier", tops(context, plan.barriers), main_answer),
        ("channels", tops(context, plan.channels), used_channels),
    )
    return [_Column(name, content, say) for name, content, say in candidates if content]


def _number(column: _Column) -> str:
    content = column.content
    return content.table.identity.number if isinstance(content, Measure) else content.number


def _name(context: Context, plan: ThemePlan, column: _Column) -> str:
    if column.name == "willingness" and plan.willingness_label is not None:
        return plan.willingness_label[context.language]
    return context.words(f"profiles.name_{column.name}")


def _header(context: Context, plan: ThemePlan, column: _Column) -> str:
    if column.name == "willingness":
        return f"{_name(context, plan, column)} ({_number(column)})"
    return context.words(f"profiles.{column.name}", number=_number(column))


def _widths(columns: Sequence[_Column]) -> tuple[float, ...]:
    """Fixed number columns; text columns share what is left, else the first column takes it."""
    fixed = [_SHARE, _COUNT]
    texts = sum(isinstance(column.content, Tops) for column in columns)
    taken = sum(int(7 * w + 5) for w in (*fixed, *[_MEASURE] * (len(columns) - texts)))
    first = _PROFILE if texts else float(math.floor((_WIDTH - taken - 5) / 7))
    left = _WIDTH - taken - int(7 * first + 5)
    text = math.floor((left / texts - 5) / 7 * 10) / 10 if texts else 0.0
    widths = [text if isinstance(column.content, Tops) else _MEASURE for column in columns]
    return (first, *fixed, *widths)


def _shown(context: Context, column: _Column, profile: str) -> Cell:
    content = column.content
    total = profile == TOTAL
    if isinstance(content, Measure):
        return number_cell(context, content.cell(profile), content.row, total=total)
    ranked = content.ranked(context, profile)
    if not ranked:
        return cell(context.word(content.hidden(profile)), "text_in_grey")
    return cell(column.say(context, ranked), "text_in_bold" if total else "text_in")


def _findings(context: Context, columns: Sequence[_Column]) -> list[str]:
    """Who is highest and lowest on the stance, if both are marked; else the largest profile."""
    words, ways = context.words, []
    stance = next((c.content for c in columns if c.name == "stance"), None)
    if isinstance(stance, Measure) and stance.row.kind != "mean":
        shown = [
            (cell.value, profile.profile, cell)
            for profile in context.tables.sizes
            if (cell := stance.cell(profile.profile)).value is not None
        ]
        if shown:
            low, high = min(shown), max(shown)
            if high[2].verdict is Verdict.HIGHER and low[2].verdict is Verdict.LOWER:
                agreed = context.agreed(stance.table, stance.row)
                ways.append(
                    words(
                        f"profiles.finding_{'stance' if agreed is None else 'agreed'}",
                        agreed=agreed,
                        answer=context.label(stance.row),
                        question=_brief(context, stance, agreed),
                        number=stance.table.identity.number,
                        high=context.group(high[1]),
                        high_value=context.figure(high[2], stance.row),
                        low=context.group(low[1]),
                        low_value=context.figure(low[2], stance.row),
                    )
                )
    shares = [(s.share, s.profile) for s in context.tables.sizes if s.share is not None]
    if shares:
        share, largest = max(shares)
        ways.append(
            words(
                "profiles.finding_size",
                profile=context.name(largest),
                value=words.percent(share),
            )
        )
    return [*ways, words("profiles.finding_plain")]


def _brief(context: Context, stance: Measure, agreed: str | None) -> str:
    """A statement whole where it fits, since one agrees with that; else the topic."""
    whole = context.question(stance.table).rstrip(" .")
    if agreed is not None and fits(whole, 13, "bold", _QUESTION_ROOM):
        return whole
    return shorten(context.topic(stance.table).rstrip(" ."), 13, "bold", _QUESTION_ROOM)


def _notes(context: Context, plan: ThemePlan, columns: Sequence[_Column]) -> list[str]:
    words = context.words
    notes = []
    for column in columns:
        name = _name(context, plan, column)
        content = column.content
        if isinstance(content, Measure):
            text = words(
                "profiles.note_measure",
                name=name,
                answer=context.label(content.row),
                number=_number(column),
                text=context.question(content.table),
            )
        else:
            key = "channels" if column.name == "channels" else "grid"
            if len(content.tables) == 1 and key == "grid":
                key = "top"
            text = words(
                f"profiles.note_{key}",
                name=name,
                count=MOST_CHANNELS,
                number=content.number,
                text=content.question,
            )
        notes.append(text)
    told = (
        distinctive(column.content.ranked(context, size.profile))
        for column in columns
        if isinstance(column.content, Tops) and column.say is main_answer
        for size in context.tables.sizes
    )
    example = next((entry for entry in told if entry is not None and entry.times), None)
    if example is not None:
        notes.append(words("profiles.note_times", times=example.times))
    working = [p.label[context.language] for p in context.facts.profiles if not p.public]
    if not working:
        notes.append(words("profiles.note_names_public"))
    elif len(working) == len(context.facts.profiles):
        notes.append(words("profiles.note_names_all"))
    else:
        notes.append(words("profiles.note_names", names=words.listing(working)))
    if plan.interpretation is not None:
        own = interpretation(context, plan.interpretation[context.language])
        if own:
            notes.append(words("profiles.interpretation", text=own))
    return notes

"""The sheet of one question or grid item: its table by profile, its notes, its chart."""

from __future__ import annotations

import math
from dataclasses import replace

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.overview import OVERVIEW
from flows.crosstabs.tables import SHARES, TOTAL, Flag, PublishedTable, Row, Verdict
from flows.crosstabs.tables import Cell as Published
from flows.definitions.dossier_plan import PROFILE
from flows.dossiers.charts import chart_of
from flows.dossiers.content import Cell, Sheet, Style
from flows.dossiers.errors import LayoutError
from flows.dossiers.experiments import basis_key, experiment_notes, is_experiment
from flows.dossiers.findings import sentences
from flows.dossiers.layout import Face, fits, head_room, shorten, text_width
from flows.dossiers.reading import (
    Context,
    any_shown,
    has_marks,
    lead_row,
    sheet_value,
    sorted_rows,
    tells_unknown,
    unit_of,
)
from flows.dossiers.sheets.common import NOTE_HEIGHT, Page, cell, column_for, people_cell
from flows.dossiers.theme import (
    COUNT,
    COUNT_ROOM,
    DEFAULT_ROW_POINTS,
    FREEZE_FROM_ROWS,
    NARROWEST_LABEL,
    PROFILE_COLUMN,
    ROLES,
    TABLE_PIXELS,
    TOTAL_COLUMN,
    displayed,
    number_format,
)

POINTS_PER_CM = 72 / 2.54
_WHOLE_BASE = ("table.basis_multiple", "table.basis_part")


def table_sheet(context: Context, table: PublishedTable, name: str) -> Sheet:
    """The sheet of one published table."""
    headers = [first_header(context, table), *(context.name(c) for c in table.columns)]
    page = Page(table_widths(context, table, headers))
    page.head(
        context,
        title=title_of(context, table, page.widths),
        findings=sentences(context, table),
        basis=basis_of(context, table, page.widths),
    )
    header_row = page.header(headers, ["header_left"] + ["header_right"] * len(table.columns))
    table_body(page, context, table)
    area = page.close_table(f"tbl_{identifier(table.identity.number)}", header_row, headers)
    page.notes(notes_of(context, table))
    long = area.last_row - area.first_row > FREEZE_FROM_ROWS
    page.add(NOTE_HEIGHT)
    chart = chart_of(context, table, page.next_row, name)
    last_row = len(page.rows)
    if chart is not None:
        last_row += math.ceil(chart.height * POINTS_PER_CM / DEFAULT_ROW_POINTS)
    return Sheet(
        key=table.identity.number,
        name=name,
        widths=page.widths,
        rows=tuple(page.rows),
        tables=(area,),
        chart=chart,
        last_row=last_row,
        repeat=header_row if long else None,
        break_before=chart.row if long and chart is not None else None,
    )


def first_header(context: Context, table: PublishedTable) -> str:
    """What stands in the first column: answers, statements, or the arms of an experiment."""
    if table.identity.type == OVERVIEW:
        return context.words("table.statement")
    if not is_experiment(table):
        return context.words("table.answer")
    short = context.facts.short_title(table.identity.question)
    return short[context.language] if short is not None else context.words("experiment.arm")


def table_widths(context: Context, table: PublishedTable, headers: list[str]) -> tuple[float, ...]:
    """Label, profiles and Nederland, together as wide as every table sheet.

    Raises `LayoutError` when the profiles leave too little room for the answers.
    """
    columns = [
        max(
            column_for(header, "header_right", TOTAL_COLUMN if code == TOTAL else PROFILE_COLUMN),
            _number_width(context, table, code),
        )
        for code, header in zip(table.columns, headers[1:], strict=True)
    ]
    taken = sum(int(7 * width + 5) for width in columns)
    label = math.floor((TABLE_PIXELS - taken - 5) / 7)
    if label < NARROWEST_LABEL:
        raise LayoutError(
            f"table {table.identity.number} has {len(columns)} columns, which leaves no room for "
            "its answers; use fewer profiles or shorter names"
        )
    return (float(label), *columns)


def _number_width(context: Context, table: PublishedTable, column: str) -> float:
    """The column width its widest number needs, so that none shows as ####."""
    place, widest = table.columns.index(column), 0.0
    lines = [(row, line[place]) for row, line in zip(table.rows, table.cells, strict=True)]
    unknown = [(_dont_know(table), table.dont_know[place])] if table.dont_know else []
    for row, published in (*lines, *unknown):
        item = number_cell(context, published, row, total=column == TOTAL)
        if isinstance(item.value, float):
            text = displayed(item.value, item.style.format)
            face: Face = "bold" if row.kind == "net" else ROLES[item.style.role].face
            widest = max(widest, text_width(text, 11, face))
    return math.ceil((widest + 6) / 7 * 10) / 10


def title_of(context: Context, table: PublishedTable, widths: tuple[float, ...]) -> str:
    """`E07. ` and the statement or question as asked; its short title where that is too long."""
    role, room = ROLES["title"], head_room(widths)
    number = table.identity.number
    for text in (context.question(table), context.topic(table)):
        title = context.words("table.title", number=number, text=text)
        if fits(title, role.size, role.face, room):
            return title
    long = context.words("table.title", number=number, text=context.question(table))
    return shorten(long, role.size, role.face, room, lines=2)


def basis_of(context: Context, table: PublishedTable, widths: tuple[float, ...]) -> list[str]:
    """What the percentages are of; and the question, where the title shows an item or a part."""
    words, field = context.words, context.facts.field
    identity = table.identity
    n = table.n[table.columns.index(TOTAL)]
    overview, experiment = identity.type == OVERVIEW, is_experiment(table)
    measured = words(
        "table.measured_least"
        if overview
        else "experiment.measured"
        if experiment
        else "table.measured",
        n=words("word.protected") if n is None else words.integer(n),
        period=field.period[context.language],
    )
    lead = lead_row(table)
    if overview:
        key = "table.basis_overview"
    elif experiment:
        key = basis_key(table)
    elif identity.multiple:
        key = "table.basis_multiple"
    elif lead is not None and lead.kind == "mean" and len(table.rows) == 1:
        key = "table.basis_mean"
    elif identity.base_text is not None:
        key = "table.basis_part"
    else:
        key = "table.basis"
    whom = context.base(table) if key in _WHOLE_BASE else context.answering(table)
    basis = words(key, base=whom, measured=measured)
    whole = ""
    if not title_of(context, table, widths).endswith(context.question(table)):
        whole = context.question(table)
    if identity.item is not None:
        whole = f"{identity.question_text[context.language].strip()} {whole}".strip()
    if not whole:
        return [basis]
    asked = words("table.question", text=whole)
    small, joined = ROLES["basis"], f"{asked} {basis}"
    room = head_room(widths)
    return [joined] if fits(joined, small.size, small.face, room) else [asked, basis]


def table_body(page: Page, context: Context, table: PublishedTable) -> None:
    """The rows of a table: answers, nets, other figures, participants, no opinion."""
    previous, experiment = "answer", is_experiment(table)
    for row in sorted_rows(table):
        # The arms of an experiment are shares that take no answers together.
        net = row.kind == "net" and not experiment
        numbers = [
            number_cell(context, table.cell(row.code, column), row, total=column == TOTAL)
            for column in table.columns
        ]
        if net:
            numbers = [_bold(number) for number in numbers]
        label = cell(context.label(row), "label_bold" if net else "label")
        first = row.kind != previous if experiment else previous == "answer"
        page.body([label, *numbers], rule=row.kind != "answer" and first)
        previous = row.kind
    counts = [
        people_cell(context.words, n, COUNT if column == TOTAL else COUNT_ROOM)
        for column, n in zip(table.columns, table.n, strict=True)
    ]
    page.body([cell(context.words("table.n"), "label_small"), *counts], rule=True)
    if tells_unknown(table):
        share = _dont_know(table)
        page.body(
            [
                cell(context.words("table.dont_know"), "label_small"),
                *(
                    number_cell(context, item, share, total=column == TOTAL)
                    for column, item in zip(table.columns, table.dont_know, strict=True)
                ),
            ]
        )


def _dont_know(table: PublishedTable) -> Row:
    """A row for the share without an opinion; it is dressed as an answer."""
    return Row("dont_know", table.rows[0].label, "answer")


def number_cell(context: Context, published: Published, row: Row, *, total: bool) -> Cell:
    """A published number with the format that dresses it, or the word in its place.

    A hidden number leaves nothing behind: no format, no bold, no arrow.
    """
    if not published.shown:
        return cell(context.word(published), "word")
    marked = published.verdict is not Verdict.NONE
    form = number_format(
        unit=unit_of(row),
        mark=published.verdict.value,
        indicative=published.flag is Flag.INDICATIVE,
        total=total,
        language=context.language,
    )
    return cell(sheet_value(published, row), "number_bold" if marked else "number", form)


def _bold(item: Cell) -> Cell:
    if item.style.role != "number":
        return item
    return replace(item, style=Style("number_bold", item.style.format))


def notes_of(context: Context, table: PublishedTable) -> list[str]:
    """The signs and words that occur in this table, explained; each in its own sentence."""
    words, rules = context.words, context.facts.publication
    by_profile = any(PROFILE in axis_of_column(c).split("*") for c in table.columns)
    if table.identity.model_item:
        first = [words("table.note_model")]
    elif not any_shown(table):
        first = []
    elif not has_marks(table):
        first = [words("table.note_no_marks" if by_profile else "table.note_no_marks_groups")]
    elif all(row.kind not in SHARES for row in table.rows):
        first = [words("table.note_marks_mean")]
    else:
        first = [words("table.note_marks", points=words.plain(rules.minimum_points))]
    if first and by_profile:
        first = [f"{first[0]} {words('table.note_assigned')}"]
    if first and is_experiment(table):
        first += experiment_notes(context, table)
    cells = [item for line in (*table.cells, table.dont_know) for item in line]
    flags = {item.flag for item in cells}
    signs = []
    if Flag.INDICATIVE in flags:
        signs.append(_circa(context, table))
    if Flag.TOO_FEW in flags or Flag.NO_BASE in flags:
        signs.append(words("table.note_few", word=words("word.few"), minimum=rules.minimum_base))
    if Flag.PROTECTED in flags:
        signs.append(words("table.note_protected", word=words("word.protected")))
    bounds = sorted({context.bound(item) for item in cells if item.flag is Flag.BELOW})
    if bounds:
        below = words.listing([words("word.below", bound=bound) for bound in bounds])
        signs.append(words("table.note_below", words=below, count=rules.small_count))
    return [*first, *([" ".join(signs)] if signs else [])]


def _circa(context: Context, table: PublishedTable) -> str:
    """'30 to 50 participants' only where that is the reason for every indicative column."""
    rules = context.facts.publication
    indicative = [
        n
        for place, n in enumerate(table.n)
        if n is not None and any(line[place].flag is Flag.INDICATIVE for line in table.cells)
    ]
    if all(rules.minimum_base <= n < rules.indicative_base for n in indicative):
        return context.words("table.note_circa", low=rules.minimum_base, high=rules.indicative_base)
    return context.words("table.note_circa_effective")


def identifier(number: str) -> str:
    """A number or sheet name as part of the name of a table in Excel."""
    return "".join(character if character.isalnum() else "_" for character in number)

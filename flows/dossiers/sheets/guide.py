"""The reading guide: real numbers from this dossier, what they mean, what one may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.crosstabs.tables import SHARES, TOTAL, Flag, PublishedTable, Row, Verdict
from flows.crosstabs.tables import Cell as Published
from flows.dossiers.content import Cell, Sheet
from flows.dossiers.experiments import is_experiment
from flows.dossiers.reading import Context, ranked_answers, tells_unknown
from flows.dossiers.sheets.common import Page, cell
from flows.dossiers.sheets.table import number_cell
from flows.dossiers.theme import COUNT, GUIDE_WIDTHS

_ROW_HEIGHT = 27.0
_Place = tuple[PublishedTable, Row, str, Published]


def guide_sheet(context: Context) -> Sheet:
    """One row for each sign that occurs in this dossier."""
    words = context.words
    page = Page(GUIDE_WIDTHS)
    page.head(
        context,
        title=words("sheet.guide"),
        findings=[words("guide.finding")],
        basis=[words("guide.basis")],
    )
    headers = [words(f"guide.{part}") for part in ("see", "example", "means", "say")]
    header_row = page.header(
        headers, ["header_left", "header_right", "header_left_in", "header_left"]
    )
    for see, example, means, say in _rows(context):
        page.body(
            [
                cell(see, "label_ink"),
                example,
                cell(means, "text_in"),
                cell(say, "label"),
            ],
            least=_ROW_HEIGHT,
        )
    area = page.close_table("tbl_guide", header_row, headers)
    return Sheet(
        key="guide",
        name=words("sheet.guide"),
        widths=GUIDE_WIDTHS,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
        grey_tab=True,
    )


def _rows(context: Context) -> Iterator[tuple[str, Cell, str, str]]:
    words, rules = context.words, context.facts.publication
    wanted: dict[str, Callable[[Row, Published], bool]] = {
        "plain": lambda row, c: c.shown and row.kind in SHARES and _bare(c),
        "up": lambda _, c: c.shown and c.verdict is Verdict.HIGHER and c.flag is Flag.NONE,
        "down": lambda _, c: c.shown and c.verdict is Verdict.LOWER and c.flag is Flag.NONE,
        "about": lambda _, c: c.shown and c.flag is Flag.INDICATIVE,
        "few": lambda _, c: c.flag in (Flag.TOO_FEW, Flag.NO_BASE),
        "protected": lambda _, c: c.flag is Flag.PROTECTED,
        "below": lambda _, c: c.flag is Flag.BELOW,
        "mean": lambda row, c: c.shown and row.kind == "mean" and _bare(c),
    }
    for sign, fits in wanted.items():
        place = _find(context, fits)
        if place is None:
            continue
        table, row, column, published = place
        means = words(
            f"guide.{sign}_means",
            value=context.figure(published, row) if published.shown else "",
            profile=context.group(column),
            answer=context.label(row),
            number=table.identity.number,
            minimum=rules.minimum_base,
            count=rules.small_count,
        )
        example = number_cell(context, published, row, total=False)
        yield words(f"guide.{sign}"), example, means, words(f"guide.{sign}_say")
    yield from _kinds_of_rows(context)
    total = _find(context, lambda row, c: c.shown and row.kind in SHARES, total=True)
    if total is not None:
        example = number_cell(context, total[3], total[1], total=True)
        yield words("guide.total"), example, words("guide.total_means"), words("guide.total_say")
    if any(table.identity.model_item for table in context.tables.tables):
        untested = cell(words("contents.untested"), "word")
        yield _line(context, "untested", untested)
    yield _line(context, "participants", cell(context.facts.field.kept, "number", COUNT))
    known = next((size for size in context.tables.sizes if size.share is not None), None)
    if known is not None and known.share is not None:
        name, share = context.name(known.profile), words.percent(known.share)
        yield _line(context, "profile", cell(name, "word"), share=share)
    yield _line(context, "colours", cell(words("guide.colours_example"), "word"))


def _line(context: Context, sign: str, example: Cell, **values: str) -> tuple[str, Cell, str, str]:
    """A row of the guide; `values` fill the blanks of its texts."""
    words = context.words
    return (
        words(f"guide.{sign}"),
        example,
        words(f"guide.{sign}_means", **values),
        words(f"guide.{sign}_say", **values),
    )


def _kinds_of_rows(context: Context) -> Iterator[tuple[str, Cell, str, str]]:
    """The rows a reader may take for one more answer: nets, several answers, no opinion."""
    words = context.words
    net = _find(context, lambda row, c: c.shown and row.kind == "net", total=True)
    if net is not None:
        table, row, _, published = net
        members = [f"'{context.label(table.row(code))}'" for code in row.members]
        yield _line(
            context,
            "net",
            number_cell(context, published, row, total=True),
            members=words.listing(members),
            number=table.identity.number,
        )
    for table in context.tables.tables:
        ranked = ranked_answers(table)
        if table.identity.multiple and ranked:
            row, published = ranked[0]
            example = number_cell(context, published, row, total=True)
            yield _line(context, "multiple", example, number=table.identity.number)
            break
    for table in context.tables.tables:
        found = _times(context, table)
        if found is not None:
            example = cell(words("data.times", times=found), "word")
            yield _line(context, "times", example, number=table.identity.number, times=found)
            break
    effect = _find(context, lambda row, c: c.shown and row.kind == "effect", total=True)
    if effect is not None:
        table, row, _, published = effect
        arm, reference = (context.label(table.row(code)) for code in row.members)
        yield _line(
            context,
            "effect",
            number_cell(context, published, row, total=True),
            arm=arm,
            reference=reference,
            number=table.identity.number,
        )
    for table in context.tables.tables:
        unknown = table.dont_know[table.columns.index(TOTAL)]
        if tells_unknown(table) and unknown.shown and unknown.value:
            example = number_cell(context, unknown, table.rows[0], total=True)
            yield _line(context, "dont_know", example, number=table.identity.number)
            break


def _times(context: Context, table: PublishedTable) -> str | None:
    """The first comparison with the Netherlands in a table, as it is written."""
    for row in table.rows:
        for column in table.columns:
            found = context.multiple(table, row, column)
            if found is not None:
                return found
    return None


def _bare(published: Published) -> bool:
    return published.flag is Flag.NONE and published.verdict is Verdict.NONE


def _find(
    context: Context, fits: Callable[[Row, Published], bool], *, total: bool = False
) -> _Place | None:
    """The first number in the dossier that is an example of a sign."""
    for table in context.tables.tables:
        for row, line in zip(table.rows, table.cells, strict=True):
            # The arms of an experiment are no answers, so they explain none.
            if is_experiment(table) and row.kind != "effect":
                continue
            for column, published in zip(table.columns, line, strict=True):
                if (column == TOTAL) == total and fits(row, published):
                    return table, row, column, published
    return None

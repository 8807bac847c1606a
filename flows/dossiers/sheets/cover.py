"""The cover and the contents: what the dossier says, and where."""

from __future__ import annotations

from collections.abc import Sequence

from flows.crosstabs.tables import TOTAL, PublishedTable
from flows.dossiers.content import Cell, Edge, Sheet, SheetRow, Style
from flows.dossiers.findings import (
    cover_findings,
    cover_sentences,
    is_compared,
    sentences,
    standout,
    tables_with_differences,
)
from flows.dossiers.layout import row_height
from flows.dossiers.reading import Context
from flows.dossiers.sheets.common import (
    Page,
    cell,
    cut_to_cell,
    measured,
    people_cell,
    runs_on,
    status_line,
)
from flows.dossiers.sheets.numbers import Numbers
from flows.dossiers.theme import CONTENTS_WIDTHS, COUNT_ROOM, COVER_WIDTHS

_SENTENCE_HEIGHT = 48.0
_FACT_HEIGHT = 21.0
_CONTENTS_HEIGHT = 30.0


def cover_sheet(context: Context) -> Sheet:
    """The cover of the national edition: its three strongest findings."""
    words, facts, language = context.words, context.facts, context.language
    page = Page(COVER_WIDTHS)
    page.add(34, cell(words("cover.kicker"), "kicker"), cell(None, "band"))
    page.add(44, cell(facts.theme_title[language], "theme"), cell(None, "band"))
    area = words("cover.area", period=facts.field.period[language])
    page.add(34, cell(area, "area"), cell(None, "band"))
    page.add(4, cell(None, "rule"), cell(None, "rule"))
    page.add(26, cell(status_line(context), "cover_status"))
    page.add(30, cell(words("cover.heading"), "cover_heading"))
    said = cover_sentences(context)
    for place, sentence in enumerate(said, start=1):
        _sentence(page, place, sentence, last=place == len(said))
    if not said:
        _sentence(
            page,
            None,
            words(
                "cover.none"
                if any(is_compared(table) for table in context.tables.tables)
                else "cover.uncompared"
            ),
            last=True,
        )
    target = words("sheet.profiles")
    page.add(30, cell(None, "cover_fact"), _link(context, words("cover.link"), target))
    page.add(10)
    for place, (label, value) in enumerate(_facts(context)):
        height = max(_FACT_HEIGHT, row_height(measured(value, "cover_fact", COVER_WIDTHS[1]), 11))
        above: Edge = "ink" if place == 0 else "hair"
        page.rows.append(
            SheetRow(
                height,
                (
                    Cell(label, Style("cover_label", above=above)),
                    Cell(value, Style("cover_fact", above=above)),
                ),
            )
        )
    page.add(10)
    page.add(
        21,
        cell(None, "cover_fact"),
        _link(context, words("cover.contents"), words("sheet.contents")),
    )
    return Sheet(
        key="cover",
        name=words("sheet.cover"),
        widths=COVER_WIDTHS,
        rows=tuple(page.rows),
        last_row=len(page.rows),
    )


def contents_sheet(
    context: Context,
    tables: Sequence[tuple[PublishedTable, str]],
    numbers: Sequence[tuple[Numbers, str]],
    others: Sequence[str],
) -> Sheet:
    """The list of sheets. `tables` by profile and `numbers`: each with its sheet name;
    `others`: keys of the last ones.
    """
    words = context.words
    page = Page(CONTENTS_WIDTHS)
    page.head(
        context,
        title=words("sheet.contents"),
        findings=[_where_to_start(context)],
        basis=[words("contents.basis")],
        back="sheet.cover",
    )
    headers = [
        words(f"contents.{part}")
        for part in ("sheet", "topic", "about", "outcome", "participants", "standout")
    ]
    header_row = page.header(headers, ["header_left"] * 4 + ["header_right", "header_left_in"])
    number = 3
    profiles = words("sheet.profiles")
    page.body(
        [
            cell(number, "label"),
            _link(context, profiles, profiles, "link_wrapped"),
            cell(words("contents.all"), "label_small"),
            cell(words("profiles.finding_plain"), "label"),
            cell(context.facts.field.kept, "number", COUNT_ROOM),
            cell(words("contents.not_applicable"), "text_in_grey"),
        ],
        least=_CONTENTS_HEIGHT,
    )
    for table, name in tables:
        number += 1
        text, differs = standout(context, table)
        topic = f"{table.identity.number} {context.topic(table)}"
        page.body(
            [
                cell(number, "label"),
                _link(
                    context,
                    cut_to_cell(topic, "link_wrapped", CONTENTS_WIDTHS[1], 1),
                    name,
                    "link_wrapped",
                ),
                cell(words(f"dimension.{table.identity.dimension}"), "label_small"),
                cell(_outcome(context, table), "label"),
                people_cell(words, table.n[table.columns.index(TOTAL)], COUNT_ROOM),
                cell(text, "text_in_ink" if differs else "text_in_grey"),
            ],
            least=_CONTENTS_HEIGHT,
        )
    for each, name in numbers:
        number += 1
        table = each.table
        topic = f"{table.identity.number} {context.topic(table)}"
        page.body(
            [
                cell(number, "label"),
                _link(
                    context,
                    cut_to_cell(topic, "link_wrapped", CONTENTS_WIDTHS[1], 1),
                    name,
                    "link_wrapped",
                ),
                cell(words(f"dimension.{table.identity.dimension}"), "label_small"),
                cell(each.sentence, "label"),
                people_cell(words, table.n[table.columns.index(TOTAL)], COUNT_ROOM),
                cell(words("contents.not_applicable"), "text_in_grey"),
            ],
            least=_CONTENTS_HEIGHT,
        )
    for key in others:
        number += 1
        name = words(f"sheet.{key}")
        page.body(
            [
                cell(number, "label"),
                _link(context, name, name, "link_wrapped"),
                cell(words("contents.help"), "label_small"),
                cell(words(f"contents.{key}"), "label"),
                cell(words("contents.no_numbers"), "word"),
                cell(words("contents.not_applicable"), "text_in_grey"),
            ],
            least=_CONTENTS_HEIGHT,
        )
    area = page.close_table("tbl_contents", header_row, headers)
    page.notes([words("contents.note")])
    return Sheet(
        key="contents",
        name=words("sheet.contents"),
        widths=CONTENTS_WIDTHS,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
        repeat=header_row if runs_on(page, area) else None,
    )


def _where_to_start(context: Context) -> str:
    """The tables of the cover, and in how many tables a profile stands out."""
    words = context.words
    total, count = len(context.tables.tables), tables_with_differences(context)
    key = {0: "none", 1: "one", total: "all"}.get(count, "some")
    counted = words(f"contents.finding_{key}", count=count, total=total)
    numbers = [table.identity.number for table, _ in cover_findings(context)]
    if not numbers:
        return counted
    return f"{words('contents.start', numbers=words.listing(numbers))} {counted}"


def _outcome(context: Context, table: PublishedTable) -> str:
    """What everybody says; the profiles that stand out have a column of their own."""
    return cut_to_cell(sentences(context, table)[-1], "label", CONTENTS_WIDTHS[3], 3)


def _sentence(page: Page, digit: int | None, text: str, *, last: bool) -> None:
    lines = measured(text, "sentence", COVER_WIDTHS[1])
    height = max(_SENTENCE_HEIGHT, row_height(lines, 15) + 5)
    below: Edge = "" if last else "hair"
    page.rows.append(
        SheetRow(
            height,
            (
                Cell(digit, Style("digit", below=below)),
                Cell(text, Style("sentence", below=below)),
            ),
        )
    )


def _facts(context: Context) -> list[tuple[str, str]]:
    words, facts, language = context.words, context.facts, context.language
    contact = facts.contact[language]
    if contact.endswith("."):
        maker = f"{facts.publisher[language].rstrip('.')}. {contact}"
    else:
        maker = words("cover.maker_value", publisher=facts.publisher[language], contact=contact)
    following = facts.next_edition[language]
    if not following.endswith("."):
        following = words("cover.next", moment=following)
    values = {
        "area": words("cover.area_value", population=facts.field.population[language]),
        "asked": words(
            "cover.asked_value",
            n=words.integer(facts.field.kept),
            period=words.period(facts.field.start, facts.field.end),
        ),
        "about": words("cover.about_value" if facts.model.steady else "cover.about_unsteady"),
        "maker": maker,
        "edition": words(
            "cover.edition_value",
            number=facts.edition.number,
            day=words.day(facts.edition.day),
            following=following,
        ),
        "usage": facts.usage[language],
    }
    return [(words(f"cover.{key}_label"), value) for key, value in values.items()]


def _link(context: Context, text: str, sheet: str, role: str = "link") -> Cell:
    return Cell(text, Style(role), link=sheet, tip=context.words("link.tip", sheet=sheet))

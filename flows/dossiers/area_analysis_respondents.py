"""The workbook that sets the respondents of a consultation beside the residents of its area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.crosstabs.area_analysis.analysis import AreaAnalysis
from flows.crosstabs.area_analysis.respondents import Participation, ranked
from flows.definitions.models import Language, Text
from flows.dossiers.area_analysis import area_frame, content_of
from flows.dossiers.area_analysis_look import (
    POINTS,
    POINTS_DOWN,
    POINTS_UP,
    AreaFacts,
    AreaFrame,
    AreaPage,
    bars,
    link,
    plain,
)
from flows.dossiers.area_analysis_method import area_method, method_sheet
from flows.dossiers.area_analysis_sheets import (
    COVER_WIDTHS,
    band,
    facts_rows,
    numbered,
    profiles_sheet,
    widened,
)
from flows.dossiers.content import Cell, Chart, DossierContent, Sheet
from flows.dossiers.sheets.common import column_for
from flows.dossiers.theme import TOTAL_SHARE

MOST_SAID = 3


@dataclass(frozen=True)
class Took:
    """Who took part in a wave: `n` people that count, `left_out` who answered too little."""

    wave: Text
    n: int
    left_out: int
    lines: tuple[Participation, ...]


def build_respondents_content(
    took: Took, analysis: AreaAnalysis, facts: AreaFacts, language: Language
) -> DossierContent:
    """The contents of the workbook in one language. Raises as `build_area_content` does."""
    frame = replace(area_frame(analysis, facts, language), measured=True)
    sheets = [
        _cover(frame, took),
        _table(frame, took),
        profiles_sheet(frame),
        method_sheet(frame, [*_method(frame, took), *area_method(frame)]),
    ]
    return content_of(frame, frame.words("resp.property.title", area=frame.title), sheets)


def sentences(frame: AreaFrame, took: Took) -> list[str]:
    """Who took part less and more than they live there, in words for a client."""
    words = frame.words
    found = ranked(took.lines)
    if not found:
        return [words("resp.none")]
    return [_said(frame, line) for line in found]


def _said(frame: AreaFrame, line: Participation) -> str:
    words = frame.words
    return words(
        f"resp.{line.verdict}",
        profile=frame.profile(line.profile),
        share=words.percent(line.share),
        other=words.percent(line.residents.share),
    )


def _cover(frame: AreaFrame, took: Took) -> Sheet:
    words, language = frame.words, frame.words.language
    name, target = words("area.sheet.cover"), words("area.sheet.respondents")
    page = AreaPage(COVER_WIDTHS)
    band(
        page,
        words("resp.kicker"),
        frame.title,
        words("resp.line", wave=took.wave[language]),
    )
    page.add(24, plain(frame.status, "cover_status"))
    page.add(28, plain(words("area.heading"), "cover_heading"))
    said = sentences(frame, took)[:MOST_SAID]
    for place, text in enumerate(said, start=1):
        numbered(page, place, text, last=place == len(said))
    page.add(
        22, plain(None, "cover_fact"), link(frame, words("area.cover.link", sheet=target), target)
    )
    page.add(6)
    chart = _chart(frame, took, page.next_row, name)
    for _ in range(math.ceil(chart.height / 2.54 * 72 / 20)):
        page.add(20)
    page.add(6)
    facts_rows(
        page,
        [
            (words("area.cover.area"), _area(frame)),
            (words("area.cover.about"), _basis(frame, took)),
        ],
    )
    return Sheet("cover", name, page.widths, tuple(page.rows), chart=chart, last_row=len(page.rows))


def _area(frame: AreaFrame) -> str:
    residents = frame.words.integer(frame.analysis.residents)
    return frame.words("area.cover.area_value", title=frame.title, residents=residents)


def _basis(frame: AreaFrame, took: Took) -> str:
    words = frame.words
    wave = took.wave[words.language]
    return words("resp.basis", n=words.integer(took.n), wave=wave, day=frame.day)


def _table(frame: AreaFrame, took: Took) -> Sheet:
    words = frame.words
    weighted = took.lines[0].weighted is not None
    columns = [
        (words("area.composition.profile"), "header_left", 28.0),
        (words("resp.participants"), "header_right", 13.0),
        (words("resp.participants_between"), "header_right", 15.0),
        *([(words("resp.weighted"), "header_right", 13.0)] if weighted else []),
        (words("resp.residents"), "header_estimated", 13.0),
        (words("resp.residents_between"), "header_estimated", 15.0),
        (words("area.composition.points", name=words("resp.residents_short")), "header_right", 13),
        (words("resp.ratio"), "header_left_in", 52.0),
    ]
    headers = [text for text, _, _ in columns]
    page = AreaPage(
        widened([column_for(text, role, float(width)) for text, role, width in columns])
    )
    page.top(
        frame,
        words("resp.title", area=frame.area),
        sentences(frame, took)[:1],
        [_basis(frame, took), words("resp.unweighted")],
    )
    header_row = page.header(headers, [role for _, role, _ in columns])
    for line in took.lines:
        page.body(_cells(frame, line))
    table = page.close_table("tbl_respondents", header_row, headers)
    points = words.plain(frame.analysis.rules.respondents_points)
    page.notes(
        [
            words("resp.note", points=points),
            words("resp.note_persons"),
            words("area.note.mixture"),
        ]
    )
    name, rows = words("area.sheet.respondents"), tuple(page.rows)
    return Sheet("respondents", name, page.widths, rows, (table,), last_row=len(rows))


def _cells(frame: AreaFrame, line: Participation) -> list[Cell]:
    words, own = frame.words, line.residents
    role = "number_bold" if line.verdict else "number"
    form = {"": POINTS, "more": POINTS_UP, "less": POINTS_DOWN}[line.verdict]
    cells = [
        plain(frame.profile(line.profile), "label"),
        plain(line.share, role, TOTAL_SHARE),
        plain(frame.between(line.low, line.high), "word"),
    ]
    if line.weighted is not None:
        cells.append(plain(line.weighted, "number", TOTAL_SHARE))
    cells += [
        plain(own.share, role, TOTAL_SHARE),
        plain(frame.between(own.low, own.high), "word"),
        plain(line.points, role, form),
    ]
    if line.ratio is None:
        return [*cells, plain(words("resp.same"), "text_in_grey")]
    told = words(f"resp.{line.verdict}_short", ratio=words.decimal(line.ratio))
    return [*cells, plain(told, "text_in_bold")]


def _chart(frame: AreaFrame, took: Took, row: int, sheet: str) -> Chart:
    words = frame.words
    told = sentences(frame, took)
    for line in took.lines:
        if not line.verdict:
            values = f"{words.percent(line.share)}, {words.percent(line.residents.share)}"
            told.append(
                words("area.chart.alt", profile=frame.profile(line.profile), values=values) + "."
            )
    return bars(
        words("area.chart.object", sheet=sheet),
        words("resp.chart"),
        sheet,
        [frame.profile(line.profile) for line in took.lines],
        [
            (words("resp.series_participants"), [x.share for x in took.lines], "measured"),
            (words("resp.series_residents"), [x.residents.share for x in took.lines], "estimated"),
        ],
        told,
        row,
    )


def _method(frame: AreaFrame, took: Took) -> Sequence[tuple[str, str, str]]:
    words, rules = frame.words, frame.analysis.rules
    left = words("resp.method.n_note", left=words.integer(took.left_out))
    note = words(
        "resp.method.test_note",
        alpha=words.percent(rules.alpha),
        points=words.plain(rules.respondents_points),
    )
    typing = words("resp.method.typing")
    test = words("resp.method.test")
    return [
        (words("resp.method.n"), words.integer(took.n), left),
        (typing, words("resp.method.typing_value"), words("resp.method.typing_note")),
        (test, words("resp.method.test_value"), note),
    ]

"""The last sheets of an area analysis: how it was made, all figures, and those of its charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flows.crosstabs.area_analysis.analysis import Compared, Figure
from flows.dossiers.area_analysis_look import AreaFrame, AreaPage, plain
from flows.dossiers.content import Cell, Chart, Sheet, TableArea
from flows.dossiers.sheets.common import runs_on
from flows.dossiers.theme import CHART_DATA_WIDTHS, COUNT, METHOD_WIDTHS, TOTAL_SHARE

DATA = (20.0, 29.0, 29.0, 11.0, 11.0, 9.5, 9.5, 13.0, 30.0)
MOST_PARTS = 20
Line = tuple[str, str, str]


def method_sheet(frame: AreaFrame, lines: Sequence[Line]) -> Sheet:
    """Every fact of the making with its figure and a line of explanation."""
    words = frame.words
    page = AreaPage(METHOD_WIDTHS)
    page.top(
        frame,
        words("area.sheet.method"),
        [words("area.method.finding")],
        [words("area.method.basis")],
    )
    headers = [words(f"method.{part}") for part in ("item", "figure", "explained")]
    header_row = page.header(headers, ["header_left"] * 3)
    for item, figure, explained in lines:
        told = explained[:1].upper() + explained[1:].rstrip(". ") + "."
        page.body([plain(item, "label_ink"), plain(figure, "label"), plain(told, "label")])
    table = page.close_table("tbl_method", header_row, headers)
    return Sheet(
        "method",
        words("area.sheet.method"),
        page.widths,
        tuple(page.rows),
        (table,),
        last_row=len(page.rows),
        repeat=header_row if runs_on(page, table) else None,
        grey_tab=True,
        prose=False,
    )


def area_method(frame: AreaFrame) -> list[Line]:
    """What the estimates are made of, what their range means, and what they cannot tell."""
    words, analysis = frame.words, frame.analysis
    rules = analysis.rules
    lines = [*_origin(frame)]
    if analysis.country is not None:
        lines.append(_line(frame, "country"))
    confidence = words.percent(frame.facts.confidence)
    lines.append(_line(frame, "interval", confidence=confidence))
    if analysis.country is not None or analysis.parts:
        lines.append(_line(frame, "marks", points=words.plain(rules.minimum_points)))
    if analysis.alike:
        lines.append(_line(frame, "alike"))
    return [*lines, *_limits(frame)]


def _line(frame: AreaFrame, key: str, **values: object) -> Line:
    words, name = frame.words, f"area.method.{key}"
    return words(name), words(f"{name}_value", **values), words(f"{name}_note", **values)


def _origin(frame: AreaFrame) -> Iterator[Line]:
    words, facts, analysis = frame.words, frame.facts, frame.analysis
    language = words.language
    if facts.simulated:
        yield (
            words("method.simulated"),
            words("method.simulated_value"),
            words("method.simulated_note"),
        )
    if facts.research:
        yield (
            words("method.exercise"),
            words("method.exercise_value"),
            words("method.exercise_note"),
        )
    if analysis.consists_of:
        count = len(analysis.consists_of)
        value = words("area.method.own_one" if count == 1 else "area.method.own_value", count=count)
        parts = ", ".join(analysis.consists_of[:MOST_PARTS])
        if count > MOST_PARTS:
            parts += words("area.parts.others", count=count - MOST_PARTS)
        note = words("area.method.own_note", parts=parts)
        yield words("area.method.own"), value, note
    yield (
        words("area.method.base"),
        words("area.method.base_value", title=facts.base_title[language], day=frame.day),
        facts.base_source[language],
    )
    state = "accepted" if facts.model_accepted else "draft"
    yield (
        words("area.method.model"),
        words(f"area.method.model_{state}", version=facts.model),
        words(
            "area.method.model_note",
            people=words.integer(facts.people),
            wave=facts.wave[language],
        ),
    )
    if facts.typed_all:
        note = words("area.method.typed_note", all=words.integer(facts.typed_all))
    else:
        note = words("area.method.typed_none")
    typed = words("area.method.typed_value", n=words.integer(facts.typed_here))
    yield words("area.method.typed"), typed, note
    for variable, levels in facts.sources:
        item = words("area.method.source", variable=variable[language])
        yield item, _sources(frame, levels), words("area.method.source_note")


def _sources(frame: AreaFrame, levels: Sequence[tuple[str, float]]) -> str:
    words = frame.words
    if len(levels) == 1:
        level = words(f"area.level.{levels[0][0]}")
        return words("area.method.source_own", level=level)
    parts = [
        words(
            "area.method.source_part",
            share=frame.part_share(share),
            level=words(f"area.level.{level}"),
        )
        for level, share in levels
    ]
    return words.listing(parts)


def _limits(frame: AreaFrame) -> Iterator[Line]:
    words, analysis = frame.words, frame.analysis
    without = analysis.withheld.without_data
    if without > 0:
        yield _line(frame, "without", share=frame.part_share(without))
    yield _line(frame, "small", fewest=words.integer(analysis.rules.fewest_residents))
    yield (
        words("area.method.panel"),
        words("area.method.panel_value"),
        frame.facts.coverage[words.language],
    )
    yield _line(frame, "not")
    yield (
        words("area.cover.usage"),
        words("area.method.usage"),
        frame.facts.usage[words.language],
    )


# -------------------------------------------------------------------------------------- data


def data_sheet(frame: AreaFrame) -> Sheet:
    """Every published figure on a row of its own."""
    words = frame.words
    page = AreaPage(DATA)
    page.top(
        frame,
        words("area.sheet.data"),
        [words("area.data.finding")],
        [words("area.data.basis")],
    )
    columns = (
        ("table", "header_left"),
        ("area", "header_left"),
        ("profile", "header_left"),
        ("source", "header_left"),
        ("share", "header_right"),
        ("low", "header_right"),
        ("high", "header_right"),
        ("residents", "header_right"),
        ("remark", "header_left_in"),
    )
    headers = [words(f"area.data.{key}") for key, _ in columns]
    header_row = page.header(headers, [role for _, role in columns])
    for cells in _data_rows(frame):
        page.body(cells)
    table = page.close_table("tbl_data", header_row, headers)
    return Sheet(
        "data",
        words("area.sheet.data"),
        page.widths,
        tuple(page.rows),
        (table,),
        last_row=len(page.rows),
        repeat=header_row,
        grey_tab=True,
        prose=False,
    )


def _data_rows(frame: AreaFrame) -> Iterator[list[Cell]]:
    words, analysis = frame.words, frame.analysis
    composition = words("area.sheet.composition")
    for line in analysis.lines:
        told = [
            (other, name)
            for other, name in (
                (line.province, analysis.province),
                (line.country, analysis.country),
            )
            if other is not None and name is not None
        ]
        remarks = [_remark(frame, other, name[words.language]) for other, name in told]
        yield _data_row(frame, composition, frame.area, line.profile, line.figure, remarks)
    for part in analysis.parts:
        name = words(f"area.sheet.parts.{part.level}")
        whole = words("area.parts.whole").lower()
        for profile, figure, other in zip(
            analysis.profiles, part.figures, part.compared, strict=True
        ):
            remark = [_remark(frame, other, whole)]
            yield _data_row(frame, name, part.name, profile, figure, remark)


def _remark(frame: AreaFrame, other: Compared, name: str) -> str:
    return frame.words(f"area.data.{other.verdict}", name=name) if other.verdict else ""


def _data_row(
    frame: AreaFrame, table: str, area: str, profile: str, figure: Figure, remarks: Sequence[str]
) -> list[Cell]:
    words = frame.words
    remark = ", ".join(each for each in remarks if each) or words("area.data.none")
    return [
        plain(table, "label"),
        plain(area, "label"),
        plain(frame.profile(profile), "label"),
        plain(words("area.data.estimated"), "label_small"),
        plain(figure.share, "number", TOTAL_SHARE),
        plain(figure.low, "number", TOTAL_SHARE),
        plain(figure.high, "number", TOTAL_SHARE),
        plain(figure.residents, "number", COUNT),
        plain(remark, "text_in_grey"),
    ]


def chart_data_sheet(frame: AreaFrame, charts: Sequence[Chart]) -> tuple[Sheet, dict[str, Chart]]:
    """The figures behind the charts, and the charts with the rows their series stand in."""
    words = frame.words
    page = AreaPage(CHART_DATA_WIDTHS)
    page.top(
        frame,
        words("sheet.chart_data"),
        [words("chart_data.finding")],
        [words("chart_data.basis")],
    )
    keys = ("chart", "series", "category", "value", "sheet")
    headers = [words(f"chart_data.{key}") for key in keys]
    header_row = page.header(headers, ["header_left"] * 3 + ["header_right", "header_left_in"])
    placed = {}
    for chart in charts:
        series = []
        target = replace(
            plain(words("chart_data.link", sheet=chart.sheet), "link_small"),
            link=chart.sheet,
            tip=words("link.tip", sheet=chart.sheet),
        )
        for one in chart.series:
            series.append(replace(one, first_row=page.next_row))
            for category, value in zip(chart.categories, one.values, strict=True):
                page.body(
                    [
                        plain(chart.name, "label"),
                        plain(one.name, "label"),
                        plain(category, "label"),
                        plain(value, "number", chart.format),
                        target,
                    ]
                )
        placed[chart.name] = replace(chart, series=tuple(series))
    tables: tuple[TableArea, ...] = (page.close_table("tbl_chart_data", header_row, headers),)
    sheet = Sheet(
        "chart_data",
        words("sheet.chart_data"),
        page.widths,
        tuple(page.rows),
        tables,
        last_row=len(page.rows),
        repeat=header_row,
        grey_tab=True,
        prose=False,
    )
    return sheet, placed

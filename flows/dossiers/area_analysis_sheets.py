"""The sheets of an area analysis: summary, composition, parts, similar areas, profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flows.crosstabs.area_analysis.analysis import Alike, Compared, Figure, Part
from flows.dossiers.area_analysis_look import (
    POINTS,
    POINTS_DOWN,
    POINTS_UP,
    AreaFrame,
    AreaPage,
    bars,
    link,
    plain,
)
from flows.dossiers.content import Cell, Chart, Edge, Fill, Sheet, SheetRow, Style
from flows.dossiers.layout import column_pixels, row_height, shorten
from flows.dossiers.sheets.common import column_for, measured, runs_on
from flows.dossiers.theme import (
    COUNT,
    SHARE,
    SHARE_DOWN,
    SHARE_UP,
    TOTAL_SHARE,
)

COVER_WIDTHS = (19.0, 144.0)
COMPOSITION = (30.0, 13.0, 13.0, 16.0, 14.0, 14.0, 14.0, 14.0, 23.0)
ALIKE = (34.0, 14.0, 24.0, 40.0, 52.0)
PROFILES = (28.0, 15.0, 13.0, 108.0)
WIDE = 1180
MOST_BARS = 15
MOST_NAMED = 4
_THEME_ROOM = 1_050.0


# ----------------------------------------------------------------------------------- summary


def cover_sheet(frame: AreaFrame) -> Sheet:
    """What matters most in a few sentences, and the composition as a chart."""
    words, name = frame.words, frame.words("area.sheet.cover")
    page = AreaPage(COVER_WIDTHS)
    band(page, words("area.kicker"), frame.title, words("area.line", day=frame.day))
    page.add(24, plain(frame.status, "cover_status"))
    page.add(28, plain(words("area.heading"), "cover_heading"))
    said = sentences(frame)
    for place, text in enumerate(said, start=1):
        numbered(page, place, text, last=place == len(said))
    target = words("area.sheet.composition")
    page.add(
        22, plain(None, "cover_fact"), link(frame, words("area.cover.link", sheet=target), target)
    )
    page.add(4)
    chart = composition_chart(frame, page.next_row, name)
    chart_rows = math.ceil(chart.height / 2.54 * 72 / 20)
    for _ in range(chart_rows):
        page.add(20)
    page.add(4)
    facts_rows(page, _facts(frame))
    return Sheet("cover", name, page.widths, tuple(page.rows), chart=chart, last_row=len(page.rows))


def band(page: AreaPage, kicker: str, title: str, line: str) -> None:
    """The band of a cover, with its ochre rule."""
    title = shorten(title, 30, "bold", _THEME_ROOM)
    page.add(30, plain(kicker, "kicker"), plain(None, "band"))
    page.add(44, plain(title, "theme"), plain(None, "band"))
    page.add(28, plain(line, "area"), plain(None, "band"))
    page.add(4, plain(None, "rule"), plain(None, "rule"))


def numbered(page: AreaPage, digit: int, text: str, *, last: bool) -> None:
    """A sentence of a cover behind its digit."""
    lines = measured(text, "sentence", page.widths[1])
    below: Edge = "" if last else "hair"
    cells = (Cell(digit, Style("digit", below=below)), Cell(text, Style("sentence", below=below)))
    page.rows.append(SheetRow(max(31.0, row_height(lines, 15) + 4), cells))


def facts_rows(page: AreaPage, facts: Sequence[tuple[str, str]]) -> None:
    """Labels with what they stand for, at the foot of a cover."""
    for place, (label, value) in enumerate(facts):
        above: Edge = "ink" if place == 0 else "hair"
        height = max(21.0, row_height(measured(value, "cover_fact", page.widths[1]), 11))
        cells = (
            Cell(label, Style("cover_label", above=above)),
            Cell(value, Style("cover_fact", above=above)),
        )
        page.rows.append(SheetRow(height, cells))


def sentences(frame: AreaFrame) -> list[str]:
    """What the analysis says, in at most three sentences; never one profile for an area."""
    analysis, words = frame.analysis, frame.words
    said = []
    if analysis.marked:
        said.append(_marked(frame))
    elif analysis.country is not None:
        said.append(words("area.cover.as_country", country=frame.country))
    else:
        said.append(mixture(frame))
    if analysis.parts:
        said.append(parts_finding(frame))
    if analysis.alike:
        names = [each.name for each in analysis.alike[:2]]
        said.append(words("area.cover.alike", names=words.listing(names)))
    return said


def mixture(frame: AreaFrame) -> str:
    """That every area is a mixture, and how far its profiles run apart."""
    words = frame.words
    shares = [line.figure.share for line in frame.analysis.lines]
    low, high = words.percent(min(shares)), words.percent(max(shares))
    return words("area.cover.mixture", count=len(shares), low=low, high=high)


def _marked(frame: AreaFrame) -> str:
    values: dict[str, str] = {"country": frame.country}
    chosen = frame.analysis.marked[:2]
    for suffix, line in zip(("", "2"), chosen, strict=False):
        assert line.country is not None
        values[f"share{suffix}"] = frame.words.percent(line.figure.share)
        values[f"other{suffix}"] = frame.words.percent(line.country.share)
        values[f"group{suffix}"] = frame.group(line.profile)
    key = "area.cover.mark_two" if len(chosen) == 2 else "area.cover.mark"
    return frame.words(key, **values)


def _facts(frame: AreaFrame) -> list[tuple[str, str]]:
    words, facts, analysis = frame.words, frame.facts, frame.analysis
    language = words.language
    where = words(
        "area.cover.area_value", title=frame.title, residents=words.integer(analysis.residents)
    )
    names = list(analysis.consists_of)
    if 1 < len(names) <= MOST_NAMED:
        where += words("area.cover.of", parts=words.listing(names))
    about = words("area.cover.about_value", sheet=words("area.sheet.method"))
    maker = words(
        "cover.maker_value", publisher=facts.publisher[language], contact=facts.contact[language]
    )
    return [
        (words("area.cover.area"), f"{where}. {mixture(frame)}"),
        (words("area.cover.about"), about),
        (words("area.cover.maker"), maker),
    ]


def composition_chart(frame: AreaFrame, row: int, sheet: str) -> Chart:
    """The area beside its province and the country, a bar each per profile."""
    analysis, words = frame.analysis, frame.words
    own = [line.figure.share for line in analysis.lines]
    series: list[tuple[str, list[float], Fill]] = [(frame.series(frame.area), own, "estimated")]
    province = [line.province.share for line in analysis.lines if line.province]
    country = [line.country.share for line in analysis.lines if line.country]
    if analysis.province is not None:
        name = frame.series(analysis.province[words.language])
        series.append((name, province, "compare_second"))
    if analysis.country is not None:
        series.append((frame.series(frame.country), country, "compare"))
    told = [sentences(frame)[0]]
    for place, line in enumerate(analysis.lines):
        values = [
            words("area.chart.alt_one", name=name, share=words.percent(shares[place]))
            for name, shares in ((frame.area, own), (frame.country, country))
            if shares
        ]
        text = words(
            "area.chart.alt", profile=frame.profile(line.profile), values=", ".join(values)
        )
        told.append(f"{text}.")
    return bars(
        words("area.chart.object", sheet=sheet),
        words("area.chart.composition"),
        sheet,
        [frame.profile(line.profile) for line in analysis.lines],
        series,
        told,
        row,
    )


# ------------------------------------------------------------------------------- composition


def composition_sheet(frame: AreaFrame) -> Sheet:
    """Residents per profile, their share with its range, and both comparisons."""
    analysis, words = frame.analysis, frame.words
    language = words.language
    columns = _composition_columns(frame)
    headers = [text for text, _, _ in columns]
    widths = widened([column_for(text, role, width) for text, role, width in columns])
    page = AreaPage(widths)
    title = words("area.composition.title", area=frame.area)
    page.top(frame, title, sentences(frame)[:1], [frame.basis])
    header_row = page.header(headers, [role for _, role, _ in columns])
    for line in analysis.lines:
        bold = bool(line.country and line.country.verdict)
        cells = [
            plain(frame.profile(line.profile), "label"),
            plain(line.figure.residents, "number_bold" if bold else "number", COUNT),
            plain(line.figure.share, "number_bold" if bold else "number", TOTAL_SHARE),
            plain(frame.between(line.figure.low, line.figure.high), "word"),
        ]
        shown = [other for other in (line.province, line.country) if other is not None]
        cells += [plain(other.share, "number", TOTAL_SHARE) for other in shown]
        cells += [points(other) for other in shown]
        if line.country is not None:
            cells.append(_beside(frame, line.country))
        page.body(cells)
    others = [analysis.province, analysis.country]
    total = [
        plain(words("area.composition.all"), "label_bold"),
        plain(analysis.residents, "number_bold", COUNT),
        plain(1.0, "number_bold", TOTAL_SHARE),
        plain(words("area.no_margin"), "word"),
        *(plain(1.0, "number_bold", TOTAL_SHARE) for each in others if each is not None),
        *(plain(words("area.not_compared"), "word") for each in others if each is not None),
    ]
    if analysis.country is not None:
        total.append(plain(words("area.not_compared"), "word"))
    page.body(total, rule=True)
    table = page.close_table("tbl_composition", header_row, headers)
    notes = []
    if analysis.country is not None:
        notes.append(words("area.note.marks", points=words.plain(analysis.rules.minimum_points)))
    unit = words.integer(analysis.unit)
    notes += [words("area.note.rounded", unit=unit), words("area.note.mixture")]
    working = [p.label[language] for p in frame.facts.profiles if not p.public]
    if working:
        notes.append(words("area.note.working", names=words.listing(working)))
    page.notes(notes)
    return Sheet(
        "composition",
        words("area.sheet.composition"),
        page.widths,
        tuple(page.rows),
        (table,),
        last_row=len(page.rows),
    )


def _composition_columns(frame: AreaFrame) -> list[tuple[str, str, float]]:
    """Header, role and width of every column."""
    words, analysis = frame.words, frame.analysis
    others = [
        each[words.language] for each in (analysis.province, analysis.country) if each is not None
    ]
    columns = [
        (words("area.composition.profile"), "header_left", COMPOSITION[0]),
        (words("area.composition.residents"), "header_estimated", COMPOSITION[1]),
        (words("area.composition.share"), "header_estimated", COMPOSITION[2]),
        (words("area.composition.between"), "header_estimated", COMPOSITION[3]),
    ]
    for key, width in (("other", COMPOSITION[4]), ("points", COMPOSITION[6])):
        for name in others:
            text = words(f"area.composition.{key}", name=name)
            columns.append((text, "header_estimated", width))
    if analysis.country is not None:
        text = words("area.composition.compared", name=frame.country)
        columns.append((text, "header_estimated", COMPOSITION[8]))
    return columns


def _beside(frame: AreaFrame, other: Compared) -> Cell:
    words = frame.words
    if not other.verdict:
        return plain(words("area.as", name=frame.country), "word")
    if other.ratio is None or other.ratio == 1.0:
        return plain(words(f"area.slightly.{other.verdict}"), "word_bold")
    ratio = words.decimal(other.ratio)
    return plain(words("area.times", ratio=ratio), "word_bold")


def points(other: Compared) -> Cell:
    """A difference in whole points, with a triangle where it is marked."""
    form = {"": POINTS, "higher": POINTS_UP, "lower": POINTS_DOWN}[other.verdict]
    return plain(other.points, "number_bold" if other.verdict else "number", form)


def widened(widths: Sequence[float], least: int = 1090) -> tuple[float, ...]:
    """The widths with the first one enlarged, so that the sheet fills a page."""
    lacking = least - sum(column_pixels(width) for width in widths)
    return (widths[0] + max(lacking, 0) / 7, *widths[1:])


# ------------------------------------------------------------------------------------- parts


def parts_sheet(frame: AreaFrame) -> Sheet | None:
    """The areas inside the area, and which profile stands out there; None without any."""
    analysis, words = frame.analysis, frame.words
    level = analysis.part_level
    if level is None:
        return None
    names = [frame.profile(code) for code in analysis.profiles]
    shares = [column_for(name, "header_estimated", 11.5) for name in names]
    taken = sum(column_pixels(width) for width in shares) + column_pixels(12.0)
    rest = max(WIDE - taken, 330)
    widths = (round(rest * 0.4 / 7, 1), 12.0, *shares, round(rest * 0.6 / 7 - 2, 1))
    page = AreaPage(widths)
    name = words(f"area.sheet.parts.{level}")
    title = words("area.parts.title", parts=name, area=frame.area)
    page.top(frame, title, [parts_finding(frame)], [words("area.parts.basis", day=frame.day)])
    headers = [words(f"area.part.{level}"), words("area.parts.residents"), *names]
    headers.append(words("area.parts.notable"))
    roles = ["header_left", "header_right", *["header_estimated"] * len(names), "header_left_in"]
    header_row = page.header(headers, roles)
    for part in analysis.parts:
        page.body(
            [
                plain(part.name, "label"),
                plain(part.residents, "number", COUNT),
                *(
                    _share(figure, other)
                    for figure, other in zip(part.figures, part.compared, strict=True)
                ),
                _notable(frame, part),
            ]
        )
    whole = [plain(line.figure.share, "number_bold", SHARE) for line in analysis.lines]
    page.body(
        [
            plain(words("area.parts.whole"), "label_bold"),
            plain(analysis.residents, "number_bold", COUNT),
            *whole,
            plain(words("area.not_compared"), "text_in_grey"),
        ],
        rule=True,
    )
    table = page.close_table("tbl_parts", header_row, headers)
    page.notes(_parts_notes(frame, level))
    page.add(8)
    chart = _parts_chart(frame, page.next_row, name)
    last = len(page.rows)
    if chart is not None:
        last += math.ceil(chart.height / 2.54 * 72 / 15) + 1
    return Sheet(
        "parts",
        name,
        page.widths,
        tuple(page.rows),
        (table,),
        chart,
        last,
        repeat=header_row if runs_on(page, table) else None,
    )


def strongest(frame: AreaFrame) -> tuple[Part, int] | None:
    """The part, and the place of the profile, with the largest marked difference."""
    found = [(part, k) for part in frame.analysis.parts for k in part.standing_out()]
    return max(found, key=lambda one: abs(one[0].compared[one[1]].points), default=None)


def parts_finding(frame: AreaFrame) -> str:
    """What stands out most among the parts, or that nothing does."""
    analysis, words = frame.analysis, frame.words
    parts = words(f"area.parts.{analysis.part_level}")
    found = strongest(frame)
    if found is None:
        key = "area.cover.parts_none" if len(analysis.parts) > 1 else "area.parts.finding_one"
        return words(key, count=len(analysis.parts), parts=parts)
    part, k = found
    key = "higher" if part.compared[k].verdict == "higher" else "lower"
    return words(
        f"area.cover.part_{key}",
        part=frame.named(part.level, part.name),
        profile=frame.profile(analysis.profiles[k]),
        share=words.percent(part.figures[k].share),
        whole=words.percent(part.compared[k].share),
    )


def _share(figure: Figure, other: Compared) -> Cell:
    form = {"": SHARE, "higher": SHARE_UP, "lower": SHARE_DOWN}[other.verdict]
    return plain(figure.share, "number_bold" if other.verdict else "number", form)


def _notable(frame: AreaFrame, part: Part) -> Cell:
    words, places = frame.words, part.standing_out()
    if not places:
        return plain(words("area.parts.none"), "text_in_grey")
    first = places[0]
    key = "more" if part.compared[first].verdict == "higher" else "fewer"
    text = words(f"area.parts.{key}", profile=frame.profile(frame.analysis.profiles[first]))
    if len(places) > 1:
        text += words("area.parts.others", count=len(places) - 1)
    return plain(text, "text_in_bold")


def _parts_notes(frame: AreaFrame, level: str) -> list[str]:
    words, withheld = frame.words, frame.analysis.withheld
    minimum = words.plain(frame.analysis.rules.minimum_points)
    notes = [words("area.parts.marks", points=minimum)]
    parts = words(f"area.parts.{level}")
    for key, share in (("hidden", withheld.hidden), ("cut", withheld.cut)):
        if share > 0:
            notes.append(words(f"area.parts.{key}", share=frame.part_share(share), parts=parts))
    return notes


def _parts_chart(frame: AreaFrame, row: int, sheet: str) -> Chart | None:
    """The profile that stands out most, in all parts from high to low; None where none does."""
    found = strongest(frame)
    if found is None:
        return None
    words, k = frame.words, found[1]
    profile = frame.profile(frame.analysis.profiles[k])
    parts = sorted(frame.analysis.parts, key=lambda p: (-p.figures[k].share, p.code))[:MOST_BARS]
    values = [frame.analysis.lines[k].figure.share, *(part.figures[k].share for part in parts)]
    names = [words("area.parts.whole"), *(part.name for part in parts)]
    told = [
        parts_finding(frame),
        *(
            words("area.chart.alt_one", name=one, share=words.percent(value)) + "."
            for one, value in zip(names, values, strict=True)
        ),
    ]
    return bars(
        words("area.chart.object", sheet=sheet),
        words("area.chart.parts", profile=profile),
        sheet,
        names,
        [(profile, values, "estimated")],
        told,
        row,
        "compare",
    )


# ----------------------------------------------------------------------- similar and profiles


def alike_sheet(frame: AreaFrame) -> Sheet | None:
    """The municipalities with the most similar composition; None without any."""
    analysis, words = frame.analysis, frame.words
    if not analysis.alike:
        return None
    page = AreaPage(ALIKE)
    finding = words("area.alike.finding", name=analysis.alike[0].name, area=frame.area)
    title = words("area.alike.title", area=frame.area)
    page.top(frame, title, [finding], [frame.basis, words("area.alike.basis")])
    keys = ("name", "residents", "size", "how", "difference")
    headers = [words(f"area.alike.{key}") for key in keys]
    roles = ["header_left", "header_right", *["header_left_in"] * 3]
    header_row = page.header(headers, roles)
    for each in analysis.alike:
        how = words("area.alike.near" if each.apart else "area.alike.same")
        page.body(
            [
                plain(each.name, "label"),
                plain(each.residents, "number", COUNT),
                plain(_size(frame, each.size_class), "text_in"),
                plain(how, "text_in" if each.apart else "text_in_bold"),
                plain(_largest(frame, each), "text_in"),
            ]
        )
    page.body(
        [
            plain(words("area.alike.this", name=frame.area), "label_bold"),
            plain(analysis.residents, "number_bold", COUNT),
            plain(_size(frame, analysis.size_class), "text_in_bold"),
            plain(words("area.alike.itself"), "text_in_grey"),
            plain(words("area.alike.itself"), "text_in_grey"),
        ],
        rule=True,
    )
    table = page.close_table("tbl_similar", header_row, headers)
    page.notes([words("area.alike.note")])
    name, rows = words("area.sheet.alike"), tuple(page.rows)
    return Sheet("alike", name, page.widths, rows, (table,), last_row=len(rows))


def _size(frame: AreaFrame, place: int) -> str:
    words, bounds = frame.words, frame.analysis.rules.size_classes
    low = words.integer(bounds[place - 1]) if place else ""
    high = words.integer(bounds[place]) if place < len(bounds) else ""
    key = "under" if not place else ("from_to" if high else "over")
    return words(f"area.alike.{key}", low=low, high=high)


def _largest(frame: AreaFrame, each: Alike) -> str:
    words = frame.words
    if not each.points:
        return words("area.alike.none")
    return words(
        "area.alike.more" if each.points > 0 else "area.alike.fewer",
        points=abs(each.points),
        profile=frame.profile(frame.analysis.profiles[each.largest]),
    )


def profiles_sheet(frame: AreaFrame) -> Sheet:
    """What is known of every profile, in neutral words."""
    words, language = frame.words, frame.words.language
    page = AreaPage(PROFILES)
    basis = words("area.profiles.basis", model=frame.facts.model)
    finding = words("area.profiles.finding")
    page.top(frame, words("area.profiles.title"), [finding], [basis])
    headers = [
        words("area.composition.profile"),
        words("area.profiles.alias"),
        words("area.composition.share"),
        words("area.profiles.about"),
    ]
    roles = ["header_left", "header_left", "header_estimated", "header_left_in"]
    header_row = page.header(headers, roles)
    for line in frame.analysis.lines:
        profile = frame.facts.profile(line.profile)
        told = profile.description
        page.body(
            [
                plain(profile.label[language], "label_ink"),
                plain(profile.alias[language], "label"),
                plain(line.figure.share, "number", SHARE),
                plain(words("area.profiles.none"), "text_in_grey")
                if told is None
                else plain(told[language], "text_in"),
            ],
            least=28.0,
        )
    table = page.close_table("tbl_profiles", header_row, headers)
    page.notes([words("area.note.mixture")])
    name, rows = words("area.sheet.profiles"), tuple(page.rows)
    return Sheet("profiles", name, page.widths, rows, (table,), last_row=len(rows))

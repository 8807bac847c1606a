"""What each chart draws: which bars, in which order, under which title, told in which words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flows.crosstabs.tables import SHARES, TOTAL, Cell, Flag, PublishedTable, Row
from flows.dossiers.content import Chart, ChartSeries, Fill
from flows.dossiers.experiments import arms, is_experiment
from flows.dossiers.findings import sentences
from flows.dossiers.layout import shorten
from flows.dossiers.reading import (
    Context,
    findings_of,
    lead_row,
    profiles,
    ranked_answers,
    sorted_rows,
)
from flows.dossiers.theme import CHART_WIDTH_CM

ALT_LENGTH = 250
CATEGORY_ROOM = 400.0
"""Pixels a category label may take beside the bars, at 10 points."""
MOST_ANSWERS = 8
MOST_PAIRS = 6
_TITLE_ROOM = CHART_WIDTH_CM / 2.54 * 96 * 0.97
_ATTITUDES = frozenset({"attitude", "trust", "engagement", "participation"})


@dataclass(frozen=True)
class _Bar:
    label: str
    value: float | None
    fill: Fill
    spoken: str


def chart_of(context: Context, table: PublishedTable, row: int, sheet: str) -> Chart | None:
    """The chart under a table, from `row`; None when every number is hidden."""
    lead = lead_row(table)
    chart = (
        _by_profile(context, table, lead, row, sheet)
        if lead is not None
        else _by_answer(context, table, row, sheet)
    )
    if chart is None or all(v is None for series in chart.series for v in series.values):
        return None
    return chart


def _by_profile(
    context: Context, table: PublishedTable, lead: Row, row: int, sheet: str
) -> Chart | None:
    """One bar for everybody, then a bar a profile from high to low; hidden ones last, empty."""
    words = context.words
    cells = {column: table.cell(lead.code, column) for column in profiles(table)}
    order = sorted(
        cells, key=lambda c: (not cells[c].shown, -(cells[c].value or 0.0), table.columns.index(c))
    )
    bars = [_bar(context, lead, TOTAL, table.cell(lead.code, TOTAL), "compare")]
    bars += [_bar(context, lead, column, cells[column], "measured") for column in order]
    mean = lead.kind == "mean"
    end, step = _axis([bar.value for bar in bars], mean=mean)
    if not mean and table.identity.dimension in _ATTITUDES:
        end, step = 1.0, 0.25
    part = table.identity.base_text is not None
    title = words(
        "chart.mean" if mean else "chart.headline",
        answer=context.label(lead),
        base=context.base(table) if part else context.answering(table),
    )
    series = ChartSeries(
        name=context.label(lead),
        values=tuple(bar.value for bar in bars),
        fill="measured",
        fills=((0, "compare"),),
    )
    return Chart(
        name=words("chart.object", number=table.identity.number),
        title=_title(title),
        alt=_spoken(
            sentences(context, table),
            [bar.spoken for bar in bars if bar.value is None],
            [bar.spoken for bar in bars if bar.value is not None],
        ),
        categories=tuple(bar.label for bar in bars),
        series=(series,),
        format="0.0" if mean else "0%",
        axis_end=end,
        axis_step=step,
        row=row,
        height=round(0.6 * len(bars) + 2, 2),
        sheet=sheet,
    )


def _by_answer(context: Context, table: PublishedTable, row: int, sheet: str) -> Chart | None:
    """The answers given most; with the profile that stands out beside them where one does."""
    words = context.words
    if is_experiment(table):
        answers = [r for r in arms(table) if r.kind in SHARES and table.cell(r.code, TOTAL).shown]
    elif table.identity.multiple:
        answers = [pair[0] for pair in ranked_answers(table)]
    else:
        answers = [r for r in sorted_rows(table) if r.kind == "answer"]
        if len(answers) > MOST_ANSWERS:
            answers = [pair[0] for pair in ranked_answers(table)]
    if not answers:
        return None
    focus = _focus(context, table, answers[:MOST_PAIRS])
    answers = answers[: MOST_PAIRS if focus else MOST_ANSWERS]
    national = tuple(_drawn(table.cell(r.code, TOTAL)) for r in answers)
    labels = tuple(_category(context.label(r)) for r in answers)
    everyone = ChartSeries(
        words("chart.everyone"), national, fill="compare" if focus else "measured"
    )
    series: tuple[ChartSeries, ...] = (everyone,)
    if focus is not None:
        own = tuple(_drawn(table.cell(r.code, focus)) for r in answers)
        series = (ChartSeries(context.name(focus), own, fill="measured"), everyone)
    spoken = [
        words(
            "chart.alt_first",
            category=f"{one.name}, {context.label(r)}",
            value=words.percent(value),
        )
        for place, r in enumerate(answers)
        for one in series
        if (value := one.values[place]) is not None
    ]
    values = [value for s in series for value in s.values]
    end, step = _axis(values, mean=False)
    key = "chart.answers" if len(answers) == len(_answers(table)) else "chart.most"
    if is_experiment(table):
        key = "chart.arms"
    elif table.identity.multiple:
        key = "chart.multiple"
    whom = context.base(table) if key == "chart.multiple" else context.answering(table)
    height = 0.95 * len(answers) + 2.75 if focus else 0.6 * len(answers) + 2
    return Chart(
        name=words("chart.object", number=table.identity.number),
        title=_title(words(key, base=whom)),
        alt=_spoken(sentences(context, table), [], spoken),
        categories=labels,
        series=series,
        format="0%",
        axis_end=end,
        axis_step=step,
        row=row,
        height=round(height, 2),
        sheet=sheet,
    )


def _answers(table: PublishedTable) -> list[Row]:
    return [row for row in table.rows if row.kind == "answer"]


def _focus(context: Context, table: PublishedTable, answers: list[Row]) -> str | None:
    """The profile of the strongest finding, if all its drawn numbers are shown."""
    drawn = {row.code for row in answers}
    for finding in findings_of(context, table):
        if finding.row in drawn and all(table.cell(code, finding.column).shown for code in drawn):
            return finding.column
    return None


def _bar(context: Context, lead: Row, column: str, cell: Cell, fill: Fill) -> _Bar:
    words, name = context.words, context.name(column)
    if cell.shown:
        label = words("chart.about", profile=name) if cell.flag is Flag.INDICATIVE else name
        spoken = words("chart.alt_first", category=name, value=context.figure(cell, lead))
        return _Bar(label, cell.value, fill, spoken)
    key = {
        Flag.PROTECTED: "chart.alt_missing_protected",
        Flag.BELOW: "chart.alt_missing_below",
    }.get(cell.flag, "chart.alt_missing_few")
    spoken = words(key, profile=name, bound=context.bound(cell))
    return _Bar(f"{name} {context.word(cell)}", None, fill, spoken)


def _drawn(cell: Cell) -> float | None:
    return cell.value if cell.shown else None


def _axis(values: list[float | None], *, mean: bool) -> tuple[float, float]:
    """End and step of the value axis: the first round step above the highest value."""
    highest = max((value for value in values if value is not None), default=0.0)
    if not mean:
        for step in (0.05, 0.1, 0.2, 0.25):
            end = _above(highest, step)
            if end <= 5 * step:
                break
        return min(round(end, 2), 1.0), step
    step = 0.5
    while _above(highest, step) > 5 * step:
        # 0.5, 1, 2, 5, 10, 20, 50, ...
        step *= 2.5 if f"{step:e}".startswith("2") else 2
    return _above(highest, step), step


def _above(highest: float, step: float) -> float:
    return (math.floor(highest / step + 1e-9) + 1) * step


def _title(text: str) -> str:
    return shorten(text[:1].upper() + text[1:], 11, "bold", _TITLE_ROOM)


def _category(text: str) -> str:
    return shorten(text, 10, "regular", CATEGORY_ROOM)


def _spoken(message: list[str], missing: list[str], more: list[str]) -> str:
    """Alt text of at most 250 characters: the message, what is missing, then more numbers."""
    text = next((way for way in message if len(way) <= ALT_LENGTH), "")
    for part in [*missing, *more]:
        trial = f"{text} {part}.".strip()
        if len(trial) <= ALT_LENGTH:
            text = trial
    return text

"""Turns a chart's contents into an openpyxl chart, with the faults of its defaults put right.

openpyxl hides both axes in Excel (no `delete`), lays the title over the bars (no `overlay`),
rounds the corners and writes no caches; all of that is set here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from openpyxl.chart import BarChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import DataPoint
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import (
    CharacterProperties,
    Font,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
    RichTextProperties,
)

from flows.dossiers.content import Chart, ChartSeries, Fill
from flows.dossiers.layout import text_width
from flows.dossiers.theme import CHART_WIDTH_CM, GREY, HAIRLINE, INK, LIGHT, OCHRE, TEXT, WHITE

FILLS: dict[Fill, tuple[str, str]] = {
    "measured": (INK, INK),
    "compare": (LIGHT, GREY),
    "estimated": (OCHRE, OCHRE),
    "compare_second": (WHITE, GREY),
}
"""Fill and outline; light grey is always outlined, it has too little contrast with white."""
_TOP, _TOP_WITH_LEGEND, _BOTTOM, _LEGEND_TOP = 1.15, 1.9, 0.85, 0.85
_RIGHT = 0.035
_CM_PER_PIXEL = 2.54 / 96


def native_chart(chart: Chart, data_sheet: str, language: str) -> BarChart:
    """The native bar chart; its numbers come from the rows of `data_sheet`."""
    several = len(chart.series) > 1
    bar: Any = BarChart()
    bar.barDir, bar.grouping = "bar", "clustered"
    bar.varyColors = False
    bar.gapWidth, bar.overlap = (25, -8) if several else (45, 0)
    bar.roundedCorners = False
    bar.style = 2
    bar.width, bar.height = CHART_WIDTH_CM, chart.height
    bar.anchor = f"A{chart.row}"
    bar.title = _title(chart.title)
    bar.series = [_series(chart, place, data_sheet) for place in range(len(chart.series))]
    left = _left(chart.categories)
    top = (_TOP_WITH_LEGEND if several else _TOP) / chart.height
    bar.layout = Layout(
        manualLayout=ManualLayout(
            layoutTarget="inner",
            xMode="edge",
            yMode="edge",
            x=left,
            y=round(top, 4),
            w=round(1 - _RIGHT - left, 4),
            h=round(1 - top - _BOTTOM / chart.height, 4),
        )
    )
    bar.legend = _legend(chart, left) if several else None
    _axes(bar, chart)
    bar.plot_area.spPr = _no_fill()
    bar.graphical_properties = _no_fill()
    return bar


def _left(categories: tuple[str, ...]) -> float:
    """Where the plot starts: right of the longest label, as a part of the chart's width."""
    longest = max(text_width(category, 10) for category in categories) + 16
    return round(min(max(longest * _CM_PER_PIXEL / CHART_WIDTH_CM, 0.12), 0.42), 4)


def _series(chart: Chart, place: int, sheet: str) -> Any:
    one: ChartSeries = chart.series[place]
    first, last = one.first_row, one.first_row + len(one.values) - 1
    series: Any = Series(
        idx=place,
        order=place,
        tx=SeriesLabel(
            strRef=StrRef(
                f=f"'{sheet}'!$B${first}", strCache=StrData(ptCount=1, pt=[StrVal(0, v=one.name)])
            )
        ),
        cat=AxDataSource(
            strRef=StrRef(
                f=f"'{sheet}'!$C${first}:$C${last}",
                strCache=StrData(
                    ptCount=len(chart.categories),
                    pt=[StrVal(i, v=text) for i, text in enumerate(chart.categories)],
                ),
            )
        ),
        val=NumDataSource(
            numRef=NumRef(
                f=f"'{sheet}'!$D${first}:$D${last}",
                numCache=NumData(
                    formatCode=chart.format,
                    ptCount=len(one.values),
                    pt=[
                        NumVal(i, v=format(value, ".10g"))
                        for i, value in enumerate(one.values)
                        if value is not None
                    ],
                ),
            )
        ),
        spPr=_fill(one.fill),
        invertIfNegative=False,
    )
    series.dPt = [
        DataPoint(idx=index, invertIfNegative=False, spPr=_fill(fill)) for index, fill in one.fills
    ]
    labels: Any = DataLabelList()
    labels.numFmt = chart.format
    labels.txPr = _rich(900 if len(chart.series) > 1 else 1000, TEXT)
    labels.position = "outEnd"
    labels.showVal = True
    labels.showLegendKey = labels.showCatName = labels.showSerName = False
    labels.showPercent = labels.showBubbleSize = False
    series.dLbls = labels
    return series


def _axes(bar: Any, chart: Chart) -> None:
    names, values = bar.x_axis, bar.y_axis
    names.delete = values.delete = False
    names.scaling.orientation = "maxMin"
    names.tickLblPos = "low"
    names.majorTickMark = names.minorTickMark = "none"
    names.spPr = GraphicalProperties(ln=LineProperties(solidFill=GREY, w=9525))
    names.txPr = _rich(1000, TEXT)
    names.noMultiLvlLbl = True
    values.scaling.min, values.scaling.max = 0, chart.axis_end
    values.majorUnit = chart.axis_step
    values.majorGridlines = ChartLines(
        spPr=GraphicalProperties(ln=LineProperties(solidFill=HAIRLINE, w=6350))
    )
    values.number_format = chart.format
    values.numFmt.sourceLinked = False
    values.majorTickMark = values.minorTickMark = "none"
    values.spPr = GraphicalProperties(ln=LineProperties(noFill=True))
    values.txPr = _rich(900, GREY)
    values.crosses = "max"


def _title(text: str) -> Title:
    run = RegularTextRun(rPr=_characters(1100, INK, bold=True), t=text)
    paragraph = Paragraph(
        pPr=ParagraphProperties(algn="l", defRPr=_characters(1100, INK, bold=True)), r=[run]
    )
    title = Title(
        tx=Text(rich=RichText(bodyPr=RichTextProperties(), p=[paragraph])),
        layout=Layout(manualLayout=ManualLayout(xMode="edge", yMode="edge", x=0.004, y=0.015)),
        overlay=False,
    )
    return title


def _legend(chart: Chart, left: float) -> Legend:
    legend: Any = Legend()
    legend.position = "t"
    legend.overlay = False
    legend.txPr = _rich(1000, TEXT)
    legend.layout = Layout(
        manualLayout=ManualLayout(
            xMode="edge",
            yMode="edge",
            x=max(left - 0.01, 0.0),
            y=round(_LEGEND_TOP / chart.height, 4),
        )
    )
    return legend  # type: ignore[no-any-return]


def _rich(size: int, colour: str) -> RichText:
    paragraph: Any = Paragraph(
        pPr=ParagraphProperties(defRPr=_characters(size, colour)),
        endParaRPr=_characters(size, colour),
    )
    paragraph.r = []
    return RichText(bodyPr=RichTextProperties(), p=[paragraph])


@cache
def _characters(size: int, colour: str, *, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=size, b=bold, solidFill=colour, latin=Font(typeface="Calibri"))


def _fill(fill: Fill) -> GraphicalProperties:
    inside, outline = FILLS[fill]
    return GraphicalProperties(solidFill=inside, ln=LineProperties(solidFill=outline, w=9525))


def _no_fill() -> GraphicalProperties:
    return GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))

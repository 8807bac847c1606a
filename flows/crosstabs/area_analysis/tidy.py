"""The published figures of an area analysis as one long table, for re-use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from flows.crosstabs.area_analysis.analysis import AreaAnalysis, Compared, Figure
from flows.crosstabs.tidy import COLUMNS

ESTIMATED = "estimated"
AS_COUNTRY = "as_country"
NOT_APART = "not_apart"
Line = tuple[Any, ...]


def area_tidy(
    analysis: AreaAnalysis, survey: str, wave: str, fixed: Mapping[str, Any]
) -> pd.DataFrame:
    """One line per published figure: the columns of every tidy table, then those of `fixed`.

    `area` is the area analysed and `item` the area a figure is of. `table`: composition, parts
    or similar; `answer` the profile; `statistic`: share (0-1 in whole per cents), residents,
    points (of the share less that of the area in `column`) or distance. `verdict`: higher or
    lower than in `column`. `flag`: as_country where the country's share is within the bounds,
    not_apart where two mixes cannot be told apart.
    """
    frame = pd.DataFrame(
        [(survey, wave, "", "", analysis.code, *line[:2], *line[2:]) for line in _lines(analysis)],
        columns=["survey", "wave", "edition", "theme", "area", *COLUMNS[5:]],
    )
    return frame.assign(**fixed)


def _lines(analysis: AreaAnalysis) -> Iterator[Line]:
    code = analysis.code
    for line in analysis.lines:
        flag = AS_COUNTRY if line.country is not None and not line.country.verdict else ""
        yield from _figure("composition", code, line.profile, line.figure, flag)
        for name, other in (("province", line.province), ("country", line.country)):
            if other is not None:
                yield _row("composition", name, line.profile, "share", name, other.share)
                yield _points("composition", code, line.profile, name, other)
    for part in analysis.parts:
        table = f"parts_{part.level}"
        yield _row(table, part.code, "", "residents", "all", part.residents)
        for profile, figure, other in zip(
            analysis.profiles, part.figures, part.compared, strict=True
        ):
            yield from _figure(table, part.code, profile, figure, "")
            yield _points(table, part.code, profile, "area", other)
    for each in analysis.alike:
        flag = "" if each.apart else NOT_APART
        yield _row("similar", each.code, "", "residents", "all", each.residents)
        distance = round(each.distance, 3)
        yield _row("similar", each.code, "", "distance", "area", distance, flag=flag)


def _figure(table: str, item: str, profile: str, figure: Figure, flag: str) -> Iterator[Line]:
    yield _row(
        table, item, profile, "share", "all", figure.share, figure.low, figure.high, flag=flag
    )
    yield _row(table, item, profile, "residents", "all", figure.residents)


def _points(table: str, item: str, profile: str, column: str, other: Compared) -> Line:
    return _row(table, item, profile, "points", column, other.points, verdict=other.verdict)


def _row(
    table: str, item: str, profile: str, statistic: str, column: str, value: float,
    low: float | None = None, high: float | None = None, *, verdict: str = "", flag: str = "",
) -> Line:  # fmt: skip
    where = (table, "", item, profile, statistic, column, ESTIMATED)
    return (*where, value, low, high, None, None, verdict, flag)

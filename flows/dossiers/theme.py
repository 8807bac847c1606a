"""How a dossier looks: palette, type roles, number formats and column widths.

Colour always means the same, and always also stands in words: blue = measured,
ochre = estimated, light grey = to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from flows.definitions.models import Language
from flows.dossiers.layout import Face

INK = "12394A"
TEXT = "1E2629"
GREY = "5B666B"
OCHRE = "A8540C"
OCHRE_DARK = "7A3B06"
LINK = "0B5A8A"
LIGHT = "C5CDD1"
HAIRLINE = "D5DBDE"
MIST = "EEF3F5"
SAND = "FBF0E4"
WHITE = "FFFFFF"

Horizontal = Literal["left", "right"] | None
Vertical = Literal["top", "center", "bottom"]


@dataclass(frozen=True)
class Role:
    """The type of one kind of cell. Sizes in points."""

    size: float
    colour: str = TEXT
    bold: bool = False
    fill: str | None = None
    horizontal: Horizontal = None
    vertical: Vertical = "center"
    wrap: bool = False
    indent: int = 0
    underline: bool = False

    @property
    def face(self) -> Face:
        return "bold" if self.bold else "regular"


ROLES: dict[str, Role] = {
    "kicker": Role(13, WHITE, fill=INK, horizontal="left", vertical="bottom", indent=1),
    "theme": Role(30, WHITE, bold=True, fill=INK, horizontal="left", indent=1),
    "area": Role(15, WHITE, fill=INK, horizontal="left", vertical="top", indent=1),
    "band": Role(11, WHITE, fill=INK),
    "rule": Role(11, TEXT, fill=OCHRE),
    "cover_status": Role(10, OCHRE, bold=True, horizontal="left", indent=1),
    "cover_heading": Role(16, INK, bold=True, horizontal="left", indent=1),
    "digit": Role(22, OCHRE, bold=True, horizontal="left", indent=1),
    "sentence": Role(15, wrap=True),
    "cover_label": Role(11, bold=True, horizontal="left", indent=1),
    "cover_fact": Role(11, wrap=True),
    "title": Role(18, INK, bold=True),
    "finding": Role(13, bold=True),
    "basis": Role(10, GREY),
    "status": Role(10, OCHRE, bold=True),
    "link": Role(11, LINK, underline=True),
    "link_wrapped": Role(11, LINK, underline=True, horizontal="left", wrap=True),
    "link_small": Role(11, LINK, underline=True, horizontal="left", indent=2),
    "header_left": Role(
        10, INK, bold=True, fill=MIST, horizontal="left", vertical="bottom", wrap=True
    ),
    "header_left_in": Role(
        10, INK, bold=True, fill=MIST, horizontal="left", vertical="bottom", wrap=True, indent=2
    ),
    "header_right": Role(
        10, INK, bold=True, fill=MIST, horizontal="right", vertical="bottom", wrap=True
    ),
    "label": Role(11, horizontal="left", wrap=True),
    "label_bold": Role(11, bold=True, horizontal="left", wrap=True),
    "label_ink": Role(11, INK, bold=True, horizontal="left", wrap=True),
    "label_small": Role(10, GREY, horizontal="left", wrap=True),
    "text_in": Role(11, horizontal="left", wrap=True, indent=2),
    "text_in_bold": Role(11, bold=True, horizontal="left", wrap=True, indent=2),
    "text_in_ink": Role(11, INK, bold=True, horizontal="left", wrap=True, indent=2),
    "text_in_grey": Role(10, GREY, horizontal="left", wrap=True, indent=2),
    "line": Role(11, horizontal="left"),
    "line_in": Role(11, horizontal="left", indent=2),
    "number": Role(11, horizontal="right"),
    "number_bold": Role(11, bold=True, horizontal="right"),
    "word": Role(10, GREY, horizontal="right"),
    "note": Role(10, GREY, vertical="bottom"),
    "header_estimated": Role(
        10, OCHRE_DARK, bold=True, fill=SAND, horizontal="right", vertical="bottom", wrap=True
    ),
    "word_bold": Role(11, bold=True, horizontal="right"),
}

Unit = Literal["share", "points", "number"]
"""What a number counts: a share of people, points between two shares, or units of a scale."""

# Number formats. Values are stored rounded; a format only dresses them.
SHARE = "0%_W_r"
SHARE_UP = '0%" ▲"'
SHARE_DOWN = '0%" ▼"'
TOTAL_SHARE = "0%"
MEAN = "0.0_W_r"
MEAN_UP = '0.0" ▲"'
MEAN_DOWN = '0.0" ▼"'
TOTAL_MEAN = "0.0"
POINTS = "+0_W_r;-0_W_r;0_W_r"
POINTS_UP = '+0" ▲";-0" ▲"'
POINTS_DOWN = '+0" ▼";-0" ▼"'
TOTAL_POINTS = "+0;-0;0"
COUNT = "#,##0"
COUNT_ROOM = "#,##0_W_r"
ABOUT = {"nl": '"circa "', "en": '"about "'}


_FORMATS: dict[Unit, dict[str, str]] = {
    "share": {"": SHARE, "higher": SHARE_UP, "lower": SHARE_DOWN, "total": TOTAL_SHARE},
    "points": {"": POINTS, "higher": POINTS_UP, "lower": POINTS_DOWN, "total": TOTAL_POINTS},
    "number": {"": MEAN, "higher": MEAN_UP, "lower": MEAN_DOWN, "total": TOTAL_MEAN},
}


def number_format(
    *,
    unit: Unit,
    mark: Literal["", "higher", "lower"],
    indicative: bool,
    total: bool,
    language: Language,
) -> str:
    """The format of a number in a profile column, or in the column of everybody."""
    body = _FORMATS[unit]["total" if total and not mark else mark]
    if not indicative:
        return body
    return ";".join(ABOUT[language] + part for part in body.split(";"))


@lru_cache(maxsize=16_384)
def displayed(value: float, form: str) -> str:
    """A number as Excel shows it in one of the formats above, for measuring.

    `_W` leaves the room of a W, so it is measured as one.
    """
    text = form.replace('"', "").replace("_W", "W").replace("_r", "r")
    for code, number in (
        ("#,##0", f"{round(value):,d}"),
        ("0.0", f"{value:.1f}"),
        ("0%", f"{round(value * 100)}%"),
    ):
        if code in text:
            return text.replace(code, number)
    return f"{value:g}"


# Column widths of the sheets, in Excel units. Together between 1,080 and 1,200 pixels, so that
# pages look alike on screen and in print; the cover, with its indents, is narrower.
COVER_WIDTHS = (20.0, 119.0)
CONTENTS_WIDTHS = (5.0, 47.0, 14.0, 49.5, 11.5, 40.0)
GUIDE_WIDTHS = (24.0, 23.0, 66.0, 45.0)
METHOD_WIDTHS = (26.0, 36.0, 93.0)
CHART_DATA_WIDTHS = (22.0, 42.0, 46.0, 14.0, 28.0)
DATA_WIDTHS = (9.0, 41.0, 15.0, 26.0, 11.0, 12.0, 10.5, 10.5, 12.0, 17.0)
PROFILE_COLUMN = 11.5
TOTAL_COLUMN = 11.0
TABLE_PIXELS = 1166
"""Width of a table sheet: label, profiles and Nederland together."""
NARROWEST_LABEL = 28.0

CHART_WIDTH_CM = 30.5
FREEZE_FROM_ROWS = 25
DEFAULT_ROW_POINTS = 15.0
PAGE_POINTS = 519.0
"""Height of an A4 page in landscape between its margins."""
SMALLEST_SCALE = 0.72
"""A list that would print smaller than this on one page runs over several."""

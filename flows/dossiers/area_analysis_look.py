"""The dress of estimated figures, and the pages of an area analysis.

Ochre means estimated: dark ochre on sand over a column, ochre bars. Two areas to compare with are
light grey and white, both outlined, so that they differ in grey print too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows.crosstabs.area_analysis.analysis import AreaAnalysis
from flows.definitions.models import Text
from flows.dossiers.area_analysis_texts import AreaWords
from flows.dossiers.content import Cell, Chart, ChartSeries, Edge, Fill, Scalar, Style
from flows.dossiers.facts import ProfileFacts
from flows.dossiers.layout import shorten, split_rows
from flows.dossiers.sheets.common import (
    FINDING_HEIGHT,
    LINK_HEIGHT,
    SMALL_HEIGHT,
    SPACER_HEIGHT,
    TITLE_HEIGHT,
    Page,
    best_rows,
    rows_of,
)
from flows.dossiers.theme import ROLES

POINTS = "+0_W_r;-0_W_r;0_W_r"
POINTS_UP = '+0" ▲"'
POINTS_DOWN = '+0" ▼";-0" ▼"'
ALT_LENGTH = 250


@dataclass(frozen=True)
class AreaFacts:
    """What an analysis says besides figures: the run it rests on, and who made it.

    `sources`: per demographic variable, by its name, the share of residents whose margins came
    from each level. `typed_here`, `typed_all`: typed people who tell how areas differ. `people`:
    the model was fitted on.
    """

    survey: str
    survey_title: Text
    wave: Text
    publisher: Text
    contact: Text
    usage: Text
    coverage: Text
    model: str
    model_accepted: bool
    people: int
    base_title: Text
    base_source: Text
    base_day: date
    year: int
    confidence: float
    profiles: tuple[ProfileFacts, ...]
    sources: tuple[tuple[Text, tuple[tuple[str, float], ...]], ...]
    typed_here: int
    typed_all: int
    simulated: bool
    research: bool

    def profile(self, code: str) -> ProfileFacts:
        return next(profile for profile in self.profiles if profile.code == code)


@dataclass(frozen=True)
class AreaFrame:
    """What every sheet needs: the figures, the facts, the wording.

    `measured`: whether there are measured figures too, beside the estimated ones.
    """

    analysis: AreaAnalysis
    facts: AreaFacts
    words: AreaWords
    measured: bool = False

    @property
    def title(self) -> str:
        """The area as a title: 'Gemeente Waterrijk'."""
        level = self.analysis.level
        return self.words(f"area.title.{level}", name=self.analysis.name[self.words.language])

    @property
    def area(self) -> str:
        """The area inside a sentence: 'Waterrijk', 'postcode 1011'."""
        return self.named(self.analysis.level, self.analysis.name[self.words.language])

    def named(self, level: str, name: str) -> str:
        """An area of a level inside a sentence."""
        return self.words("area.named.pc4", name=name) if level == "pc4" else name

    @property
    def country(self) -> str:
        """The name of the country, also where it is the area itself."""
        own = self.analysis.country or self.analysis.name
        return own[self.words.language]

    @property
    def day(self) -> str:
        return self.words.day(self.facts.base_day)

    @property
    def basis(self) -> str:
        return self.words("area.basis", day=self.day)

    @property
    def status(self) -> str:
        """The line under the basis of every sheet."""
        facts, words = self.facts, self.words
        parts = []
        if facts.simulated:
            parts.append(words("status.simulated"))
        if facts.research:
            parts.append(words("status.exercise"))
        if not facts.model_accepted:
            parts.append(words("status.concept"))
        key = "area.status_both" if self.measured else "area.status"
        parts.append(words(key, year=facts.year, model=facts.model))
        return " ".join(parts)

    def profile(self, code: str) -> str:
        return self.facts.profile(code).label[self.words.language]

    def group(self, code: str) -> str:
        """A profile inside a sentence: 'de Bescheiden Grijzen', but 'Profiel 3'."""
        name = self.profile(code)
        return name if name[-1:].isdigit() else self.words("group", name=name)

    def between(self, low: float, high: float) -> str:
        words = self.words
        return words("area.between", low=words.percent(low), high=words.percent(high))

    def series(self, name: str) -> str:
        """The name of a series of estimated figures."""
        text = self.words("area.series", name=name)
        return text[:1].upper() + text[1:]

    def part_share(self, share: float) -> str:
        """A share of residents in a sentence; a small one is not 0%."""
        return "< 1%" if 0 < share < 0.005 else self.words.percent(share)


class AreaPage(Page):
    """A page whose head comes from an area analysis."""

    def top(
        self, frame: AreaFrame, title: str, findings: Sequence[str], basis: Sequence[str]
    ) -> None:
        """Title, finding, basis, status, link back and spacer."""
        role = ROLES["title"]
        cut = shorten(title, role.size, role.face, self.room, lines=2)
        for place, line in enumerate(split_rows(cut, role.size, role.face, self.room)):
            edge: Edge = "ink_thick" if place == 0 else ""
            rest = [Cell(None, Style("title", above=edge)) for _ in self.widths[1:]]
            self.add(TITLE_HEIGHT, Cell(line, Style("title", above=edge)), *(rest if edge else []))
        for line in best_rows(findings, "finding", self.room):
            self.add(FINDING_HEIGHT, plain(line, "finding"))
        for text in basis:
            for line in rows_of(text, "basis", self.room, most=3):
                self.add(SMALL_HEIGHT, plain(line, "basis"))
        for line in rows_of(frame.status, "status", self.room, most=3):
            self.add(SMALL_HEIGHT, plain(line, "status"))
        target = frame.words("area.sheet.cover")
        back = frame.words("link.back", sheet=target)
        self.add(LINK_HEIGHT, link(frame, back, target))
        self.add(SPACER_HEIGHT)


def plain(value: Scalar | None, role: str, form: str = "General") -> Cell:
    """A cell in a role of the theme."""
    return Cell(value, Style(role, form))


def link(frame: AreaFrame, text: str, sheet: str, role: str = "link") -> Cell:
    """A cell that leads to another sheet."""
    return Cell(text, Style(role), link=sheet, tip=frame.words("link.tip", sheet=sheet))


def bars(
    name: str, title: str, sheet: str, categories: Sequence[str],
    series: Sequence[tuple[str, Sequence[float], Fill]], alt: Sequence[str], row: int,
    lead: Fill | None = None,
) -> Chart:  # fmt: skip
    """A bar chart of shares. `lead`: the fill of the first bar, where it is another area."""
    highest = max(value for _, values, _ in series for value in values)
    step = next((s for s in (0.05, 0.1, 0.2) if highest < 5 * s), 0.25)
    end = min((math.floor(highest / step + 1e-9) + 1) * step, 1.0)
    each = {1: 0.6, 2: 0.9}.get(len(series), 1.05)
    fills: Any = ((0, lead),) if lead is not None else ()
    return Chart(
        name=name,
        title=title,
        alt=_told(alt),
        categories=tuple(categories),
        series=tuple(ChartSeries(one, tuple(values), fill, fills) for one, values, fill in series),
        format="0%",
        axis_end=round(end, 2),
        axis_step=step,
        row=row,
        height=round(each * len(categories) + (2.0 if len(series) == 1 else 2.75), 2),
        sheet=sheet,
    )


def _told(parts: Sequence[str]) -> str:
    """As many of the parts, in their order, as an alt text holds."""
    text = ""
    for part in parts:
        trial = f"{text} {part}".strip()
        if len(trial) <= ALT_LENGTH:
            text = trial
    return text

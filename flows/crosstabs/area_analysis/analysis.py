"""The profile composition of one area, compared: with province and country, its parts, its likes.

Everything is estimated, and everything that compares is taken from published figures: whole per
cents, with bounds rounded outward. So a reader can check every mark in the table itself. A mark
says that the interval of one estimate leaves out the other share; it is no test.

Distances between mixes are Hellinger's, sqrt(1/2 sum (sqrt p - sqrt q)^2): 0 for equal mixes, 1
for mixes without a profile in common, with small profiles counting by their ratio. Errors make
equal mixes look different: the expected square of that is 1/2 sum (v_p / 4p + v_q / 4q), by the
delta method. A distance that does not exceed it says nothing (`apart` False).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from flows.crosstabs.rounding import whole_percent
from flows.definitions.models import Text
from flows.definitions.own_areas import AreaRules

Floats = NDArray[np.float64]
Direction = Literal["", "higher", "lower"]

SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Mix:
    """An area as estimated, unrounded: `estimate`, `low`, `high` (K,) 0-1; `residents` 18+."""

    level: str
    code: str
    name: Text
    residents: float
    estimate: Floats
    low: Floats
    high: Floats

    def errors(self, confidence: float = 0.95) -> Floats:
        """Standard errors (K,): intervals are symmetric on the log-odds of the share."""
        p = np.clip(self.estimate, SLACK, 1 - SLACK)
        low, high = (np.clip(bound, SLACK, 1 - SLACK) for bound in (self.low, self.high))
        width = np.log(high / (1 - high)) - np.log(low / (1 - low))
        return np.asarray(width / (2 * norm.ppf((1 + confidence) / 2)) * p * (1 - p))


@dataclass(frozen=True)
class Figure:
    """A published share with bounds, in whole per cents (0-1), and the residents it stands for."""

    share: float
    low: float
    high: float
    residents: int


@dataclass(frozen=True)
class Compared:
    """A share beside that of another area: difference in whole points, and whether it is marked.

    `ratio`: of the unrounded shares, one decimal; None where it is not marked.
    """

    share: float
    points: int
    verdict: Direction
    ratio: float | None


@dataclass(frozen=True)
class ProfileLine:
    """One profile of the area, beside its province and the country where there are any."""

    profile: str
    figure: Figure
    province: Compared | None
    country: Compared | None


@dataclass(frozen=True)
class Part:
    """An area inside the area. `figures` and `compared` (with the whole area) by profile."""

    level: str
    code: str
    name: str
    residents: int
    figures: tuple[Figure, ...]
    compared: tuple[Compared, ...]

    def standing_out(self) -> tuple[int, ...]:
        """Places of the profiles that are marked here, the largest difference first."""
        marked = [k for k, each in enumerate(self.compared) if each.verdict]
        return tuple(sorted(marked, key=lambda k: (-abs(self.compared[k].points), k)))


@dataclass(frozen=True)
class Alike:
    """An area with a similar mix. `size_class`: place among the classes, 0 the smallest.

    `largest`: place of the profile that differs most, by `points` (that area less this one).
    """

    code: str
    name: str
    residents: int
    size_class: int
    distance: float
    apart: bool
    largest: int
    points: int


@dataclass(frozen=True)
class Withheld:
    """Residents of the area that no listed part counts, as shares of all (0-1).

    `hidden`: in parts that are withheld, `cut`: in parts that lie in the area only partly,
    `without_data`: of whom the base tells nothing. `parts`: number of withheld parts.
    """

    hidden: float = 0.0
    cut: float = 0.0
    without_data: float = 0.0
    parts: int = 0


@dataclass(frozen=True)
class AreaAnalysis:
    """An area's composition as published. `unit`: to which residents per profile are rounded.

    `province`: the province compared with, None without. `consists_of`: names of what an
    own area is made of. `part_level`: level of `parts`; None without parts.
    """

    level: str
    code: str
    name: Text
    consists_of: tuple[str, ...]
    residents: int
    unit: int
    profiles: tuple[str, ...]
    lines: tuple[ProfileLine, ...]
    province: Text | None
    country: Text | None
    part_level: str | None
    parts: tuple[Part, ...]
    withheld: Withheld
    alike: tuple[Alike, ...]
    size_class: int
    rules: AreaRules

    @property
    def marked(self) -> tuple[ProfileLine, ...]:
        """Profiles that differ from the country, the largest difference first."""
        found = [line for line in self.lines if line.country and line.country.verdict]
        return tuple(sorted(found, key=lambda line: -abs(line.country.points)))  # type: ignore[union-attr]

    @property
    def as_country(self) -> bool:
        """Whether nothing in the area's figures differs from the country's."""
        return self.country is not None and not self.marked


def analyse(
    own: Mix,
    profiles: Sequence[str],
    *,
    province: Mix | None = None,
    country: Mix | None = None,
    parts: Sequence[Mix] = (),
    others: Sequence[Mix] = (),
    withheld: Withheld | None = None,
    consists_of: Sequence[str] = (),
    rules: AreaRules | None = None,
) -> AreaAnalysis:
    """Compare an area with its province and country, its parts with it, and find its likes.

    All mixes over the same `profiles`. `parts`: areas inside it. `others`: areas it may be like,
    none of which shares residents with it.
    """
    rules = rules or AreaRules()
    unit = residents_unit(own)
    figures = published(own, unit)
    lines = tuple(
        ProfileLine(
            profile,
            figures[k],
            None if province is None else compared(figures[k], own, province, k, rules),
            None if country is None else compared(figures[k], own, country, k, rules),
        )
        for k, profile in enumerate(profiles)
    )
    return AreaAnalysis(
        level=own.level,
        code=own.code,
        name=own.name,
        consists_of=tuple(consists_of),
        residents=tens(own.residents),
        unit=unit,
        profiles=tuple(profiles),
        lines=lines,
        province=None if province is None else province.name,
        country=None if country is None else country.name,
        part_level=parts[0].level if parts else None,
        parts=tuple(_part(each, own, rules) for each in _by_size(parts)),
        withheld=withheld or Withheld(),
        alike=most_alike(own, others, rules),
        size_class=size_class(own.residents, rules),
        rules=rules,
    )


def residents_unit(mix: Mix) -> int:
    """To what numbers of residents are rounded: at most a fifth of half the usual interval."""
    half = float(np.median(mix.high - mix.low)) / 2 * mix.residents
    unit = 10
    for step in (50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000):
        if step <= half / 5:
            unit = step
    return unit


def published(mix: Mix, unit: int | None = None) -> tuple[Figure, ...]:
    """The figures of an area as they may be read: bounds are rounded outward."""
    unit = residents_unit(mix) if unit is None else unit
    return tuple(
        Figure(
            whole_percent(float(share)),
            math.floor(float(low) * 100 + SLACK) / 100,
            math.ceil(float(high) * 100 - SLACK) / 100,
            unit * math.floor(float(share) * mix.residents / unit + 0.5),
        )
        for share, low, high in zip(mix.estimate, mix.low, mix.high, strict=True)
    )


def compared(figure: Figure, own: Mix, other: Mix, k: int, rules: AreaRules) -> Compared:
    """A published share beside the published share of another area."""
    share = whole_percent(float(other.estimate[k]))
    points = round((figure.share - share) * 100)
    outside = share < figure.low - SLACK or share > figure.high + SLACK
    verdict: Direction = ""
    if outside and abs(points) >= max(rules.minimum_points, 1):
        verdict = "higher" if points > 0 else "lower"
    ratio = None
    if verdict and other.estimate[k] > 0:
        ratio = math.floor(float(own.estimate[k] / other.estimate[k]) * 10 + 0.5) / 10
    return Compared(share, points, verdict, ratio)


def most_alike(own: Mix, others: Sequence[Mix], rules: AreaRules) -> tuple[Alike, ...]:
    """The areas nearest in composition, the most similar first."""
    found = []
    for other in others:
        distance = hellinger(own.estimate, other.estimate)
        noise = _noise(own, rules.confidence) + _noise(other, rules.confidence)
        points = [
            round((whole_percent(float(q)) - whole_percent(float(p))) * 100)
            for p, q in zip(own.estimate, other.estimate, strict=True)
        ]
        largest = max(range(len(points)), key=lambda k: (abs(points[k]), -k))
        found.append(
            Alike(
                other.code,
                other.name.nl,
                tens(other.residents),
                size_class(other.residents, rules),
                distance,
                distance**2 > noise,
                largest,
                points[largest],
            )
        )
    found.sort(key=lambda each: (each.distance, each.code))
    return tuple(found[: rules.most_similar])


def hellinger(p: Floats, q: Floats) -> float:
    """Hellinger's distance of two mixes, 0-1."""
    return float(np.sqrt(0.5 * ((np.sqrt(p) - np.sqrt(q)) ** 2).sum()))


def size_class(residents: float, rules: AreaRules) -> int:
    """The class of size an area is in, 0 the smallest."""
    return sum(residents >= bound for bound in rules.size_classes)


def tens(residents: float) -> int:
    """A number of residents as it is printed: in tens."""
    return 10 * math.floor(residents / 10 + 0.5)


def _noise(mix: Mix, confidence: float) -> float:
    """What the errors of a mix add to a squared distance, on average."""
    p = np.maximum(mix.estimate, SLACK)
    return float(0.5 * (mix.errors(confidence) ** 2 / (4 * p)).sum())


def _part(mix: Mix, whole: Mix, rules: AreaRules) -> Part:
    figures = published(mix)
    return Part(
        mix.level,
        mix.code,
        mix.name.nl,
        tens(mix.residents),
        figures,
        tuple(compared(figure, mix, whole, k, rules) for k, figure in enumerate(figures)),
    )


def _by_size(parts: Sequence[Mix]) -> list[Mix]:
    return sorted(parts, key=lambda each: (-each.residents, each.code))

"""Targets of areas from population and key figures: pure arithmetic.

Four rules, each printed with the table it made:

1. An age class that a band cuts is shared out evenly over its years: 18-19 is two fifths of
   15-19.
2. Parts lead. CBS rounds each figure to five (at random for small ones), so men and women do
   not add up to the published total: the parts are used, and the difference is told.
3. A margin that comes as shares is scaled to the people of its area (the leading margin).
4. Whole numbers come by largest remainder: everyone is rounded down, and the people that are
   still missing from the rounded sum go to the levels with the largest remainders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flows.definitions.target_recipe import AgeBand
from flows.errors import Refusal
from flows.ingest.cbs_cells import age_label
from flows.ingest.cbs_population import AgeClass, Floats

OLDEST = 100
"""A band to this age or later has no end: nobody publishes people over 100 by year."""


@dataclass(frozen=True, eq=False)
class AreaTargets:
    """Targets of areas: `numbers` (areas, levels), beside the published sums.

    `published`: (areas,) what the source gives as total of the same people, NaN where it gives
    none; `numbers.sum(axis=1) - published` is what rounding does.
    """

    areas: tuple[str, ...]
    levels: tuple[str, ...]
    numbers: Floats
    published: Floats

    @property
    def difference(self) -> Floats:
        """(areas,) sum of the parts minus the published total."""
        gap: Floats = self.numbers.sum(axis=1) - self.published
        return gap


def band_shares(ages: Sequence[AgeClass], bands: Sequence[AgeBand]) -> Floats:
    """(ages, bands) part of each age class that lies in each band, evenly by year.

    The open last class lies whole in the band without an end (or to 100 or later). Raises
    `Refusal` for a band that cuts it, or that reaches outside the classes.
    """
    shares = np.zeros((len(ages), len(bands)))
    first = ages[0][0]
    for j, band in enumerate(bands):
        endless = band.high is None or band.high >= OLDEST
        if band.low < first:
            raise Refusal(
                f"Age band {band.code} begins at {band.low}, but the population begins at "
                f"{first}. Begin the band there."
            )
        covered = False
        for i, (low, high) in enumerate(ages):
            if high is None:
                if band.low > low or (not endless and (band.high or 0) >= low):
                    raise Refusal(
                        f"Age band {band.code} cuts the age class {age_label(low, high)}, whose "
                        f"years are not known. Let the band begin at {low} or earlier and have "
                        "no high."
                    )
                shares[i, j] = float(endless)
                covered |= endless
                continue
            last = high if endless else min(high, band.high or 0)
            years = last - max(low, band.low) + 1
            shares[i, j] = max(years, 0) / (high - low + 1)
            covered |= years > 0 and (endless or (band.high or 0) <= high)
        if not covered:
            raise Refusal(
                f"Age band {band.code} reaches further than the age classes of the population, "
                f"which end at {age_label(*ages[-1])}. End the band there."
            )
    return shares


def age_sex_numbers(people: Floats, shares: Floats, sexes: Sequence[int]) -> Floats:
    """(areas, bands x sexes) people by band and sex, bands outermost.

    `people`: (areas, ages, 2); `shares`: (ages, bands); `sexes`: positions in the last axis of
    `people`. One matrix product per sex.
    """
    parts = np.stack([people[:, :, sex] @ shares for sex in sexes], axis=2)
    return parts.reshape(len(people), -1)


def part_numbers(shares: Floats, base: Floats, rest: int | None) -> Floats:
    """(areas, parts) people by parts, of percentages (areas, parts) and people (areas,).

    `rest`: the position of the part that is what is left of 100%. Without one the percentages,
    which are rounded, are scaled so that the parts add up to the base.
    Raises `Refusal` where the parts are over 100%, or without a rest not near it.
    """
    shares = shares.copy()
    if rest is not None:
        shares[:, rest] = 0.0
        left = 100.0 - shares.sum(axis=1)
        if (left < -0.5).any():
            raise Refusal(
                f"The parts are {100 - left.min():g}% together in one area. They must be parts "
                "of the same people, without overlap."
            )
        shares[:, rest] = np.maximum(left, 0.0)
    sums = shares.sum(axis=1)
    # Parts rounded to whole percents miss 100 by half a percent each at most.
    slack = 0.5 * shares.shape[1]
    off = np.abs(sums - 100) > slack + 1e-9
    if (off & (base > 0)).any():
        wrong = sums[off & (base > 0)]
        raise Refusal(
            f"The parts are {wrong[np.argmax(np.abs(wrong - 100))]:g}% together in one area, and "
            "rounding does not explain it. Add the part that is missing (one without a column "
            "is what is left)."
        )
    return scaled_to(shares, base)


def scaled_to(numbers: Floats, people: Floats) -> Floats:
    """Each row of (areas, levels) scaled to the people (areas,) of the leading margin.

    Raises `Refusal` for an area with people but without numbers.
    """
    sums = numbers.sum(axis=1)
    if ((sums <= 0) & (people > 0)).any():
        raise Refusal("An area with people has no numbers to be scaled; leave it out.")
    factor = np.divide(people, sums, out=np.zeros_like(sums), where=sums > 0)
    scaled: Floats = numbers * factor[:, None]
    return scaled


def whole_numbers(numbers: Floats) -> Floats:
    """Rows of (areas, levels) in whole numbers by largest remainder (Hamilton).

    Each row adds up to its sum, rounded; equal remainders go to the first level. A number
    never moves by one or more.
    """
    near = np.rint(numbers)
    # 0.4 x 1031 is whole but for the last digit of a float.
    numbers = np.where(np.isclose(numbers, near, rtol=0, atol=1e-6), near, numbers)
    down = np.floor(numbers)
    missing = np.rint(numbers.sum(axis=1)) - down.sum(axis=1)
    # Remainders that differ in the last digit of a float are the same.
    order = np.argsort(-np.round(numbers - down, 6), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(numbers.shape[1])[None, :], axis=1)
    whole: Floats = down + (rank < missing[:, None])
    return whole


def grouped(values: Floats, of: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """Names and sums of rows of `values` (n, ...) that share a name in `of` (n,)."""
    names, at = np.unique(np.array(of, dtype=object).astype(str), return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, at, values)
    return tuple(str(name) for name in names), sums

"""Population by area, age class and sex: from table to arrays, and sums over areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.ingest.cbs_cells import age_class, age_label
from flows.ingest.cbs_layouts import Layout
from flows.ingest.errors import UnreadableFile, listed

Floats = NDArray[np.float64]
AgeClass = tuple[int, int | None]

SEXES = ("men", "women")
ROUNDING = 15.0, 4.0
"""A published total may miss men + women by 15 + 4 sqrt(total): rounding explains no more.

Three figures rounded to five miss by 7.5 at most; sums of such figures by more, and a larger
area is a sum of more of them.
"""


@dataclass(frozen=True, eq=False)
class Population:
    """People by area, age class and sex.

    `people`: (areas, ages, 2), men and women; an area without figures has zeros and is in
    `unknown`. `totals`: (areas, ages), both sexes as published. CBS rounds every figure to
    five, so parts do not add up to totals: the parts lead, and `totals` shows the difference.
    `ages`: first and last year of each class, the last year of an open class is None.
    """

    areas: tuple[str, ...]
    ages: tuple[AgeClass, ...]
    people: Floats
    totals: Floats
    unknown: tuple[str, ...] = ()

    @property
    def per_area(self) -> Floats:
        """(areas,) people of all ages, both sexes."""
        sums: Floats = self.people.sum(axis=(1, 2))
        return sums

    def of(self, areas: Mapping[str, str]) -> Population:
        """The population of larger areas: `areas` names for every area the one it is part of.

        Raises `UnreadableFile` for an area that has none: nobody may get lost.
        """
        lacking = [area for area in self.areas if area not in areas]
        if lacking:
            raise UnreadableFile(
                f"{listed(lacking)} {'is' if len(lacking) == 1 else 'are'} in no larger area. "
                "Add them to the division."
            )
        names = sorted({areas[area] for area in self.areas})
        place = {name: i for i, name in enumerate(names)}
        at = np.array([place[areas[area]] for area in self.areas], dtype=np.intp)
        return replace(
            self,
            areas=tuple(names),
            people=_added(self.people, at, len(names)),
            totals=_added(self.totals, at, len(names)),
            unknown=(),
        )


def _added(values: Floats, at: NDArray[np.intp], size: int) -> Floats:
    """Sums of rows of `values` (n, ...) by `at` (n,)."""
    sums = np.zeros((size, *values.shape[1:]))
    np.add.at(sums, at, values)
    return sums


def population(frame: pd.DataFrame, by: str) -> Population:
    """The arrays of a tidy population frame (`by`, age, total, men, women)."""
    labels = {label: age_class(label) for label in frame["age"].unique()}
    ages = sorted((found for found in labels.values() if isinstance(found, tuple)), key=_low)
    areas = sorted(frame[by].unique())
    area_at = {area: i for i, area in enumerate(areas)}
    age_at = {
        label: ages.index(found) for label, found in labels.items() if isinstance(found, tuple)
    }
    i = frame[by].map(area_at).to_numpy(dtype=np.intp)
    k = frame["age"].map(age_at).to_numpy(dtype=np.intp)
    people = np.full((len(areas), len(ages), 2), np.nan)
    totals = np.full((len(areas), len(ages)), np.nan)
    people[i, k, 0] = frame["men"].to_numpy(dtype=float)
    people[i, k, 1] = frame["women"].to_numpy(dtype=float)
    totals[i, k] = frame["total"].to_numpy(dtype=float)
    unknown = np.isnan(people).any(axis=(1, 2))
    people[unknown], totals[unknown] = 0.0, 0.0
    return Population(
        areas=tuple(areas),
        ages=tuple(ages),
        people=people,
        totals=totals,
        unknown=tuple(np.array(areas, dtype=object)[unknown]),
    )


def tidy_population(
    name: str, layout: Layout, frame: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One row an area and age class with total, men and women; checked to be whole.

    Raises `UnreadableFile` for age classes that overlap or leave a gap, an area that lacks a
    class, an area of which only some figures are known, and totals that are not those of men
    and women.
    """
    by = layout.key[0]
    notes: tuple[str, ...] = ()
    if layout.kind == "population_long":
        frame, notes = _wide(name, by, frame)
    classes = _checked_ages(name, frame)
    counts = frame.groupby(by, sort=False).size()
    short = counts[counts != len(classes)]
    if len(short):
        have = set(frame.loc[frame[by] == short.index[0], "age"])
        lacking = [age_label(*found) for found in classes if age_label(*found) not in have]
        raise UnreadableFile(
            f"{name}, {short.index[0]}: the age class {listed(lacking, 3)} is missing. "
            "Export the table again with all age classes."
        )
    empty = frame[["men", "women"]].isna().any(axis=1)
    if empty.any():
        whole = empty.groupby(frame[by]).all()
        some = empty.groupby(frame[by]).any() & ~whole
        if some.any():
            area = some.index[some][0]
            raise UnreadableFile(
                f"{name}, {area}: some of its figures are unknown, so it cannot be added up. "
                "Take a table in which it is whole, or leave the area out of the file."
            )
        areas = [str(area) for area in whole.index[whole]]
        notes += (
            f"{len(areas)} areas have no figures and count as uninhabited: {listed(areas, 20)}",
        )
    _check_totals(name, by, frame)
    return frame.reset_index(drop=True), notes


def _wide(name: str, by: str, frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows per sex become the columns total, men and women."""
    wide = frame.set_index([by, "age", "sex"])["total"].unstack("sex")
    lacking = [sex for sex in SEXES if sex not in wide]
    if lacking:
        raise UnreadableFile(
            f"{name} holds no figures of {listed(lacking)}. Export it again with men and women."
        )
    notes: tuple[str, ...] = ()
    if "total" not in wide:
        wide["total"] = wide["men"] + wide["women"]
        notes = ("the file has no total of men and women; their sum stands for it",)
    # One sex of an age class may be absent as a row: that is no figure, as an empty cell is.
    return wide[["total", "men", "women"]].reset_index().rename_axis(columns=None), notes


def _checked_ages(name: str, frame: pd.DataFrame) -> list[AgeClass]:
    found = [age_class(label) for label in frame["age"].unique()]
    ages = sorted((age for age in found if isinstance(age, tuple)), key=_low)
    for (low, high), (following, last) in pairwise(ages):
        if high is None or following <= high:
            raise UnreadableFile(
                f"{name}: the age classes {age_label(low, high)} and "
                f"{age_label(following, last)} overlap, so people would count twice. Export one "
                "set of classes."
            )
        if following != high + 1:
            raise UnreadableFile(
                f"{name}: between {age_label(low, high)} and {age_label(following, last)} an age "
                "class is missing. Export the table again with all age classes."
            )
    return ages


def _check_totals(name: str, by: str, frame: pd.DataFrame) -> None:
    difference = (frame["total"] - frame["men"] - frame["women"]).abs()
    least, growth = ROUNDING
    wrong = difference > least + growth * np.sqrt(frame["total"])
    if wrong.any():
        row = frame[wrong].iloc[0]
        raise UnreadableFile(
            f"{name}, {row[by]} {row['age']}: {row['men']:g} men and {row['women']:g} women are "
            f"no {row['total']:g} people, and rounding does not explain it. Correct the file."
        )


def _low(age: AgeClass) -> int:
    return age[0]

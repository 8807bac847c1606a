"""Two vintages of geography compared: what came, went, moved, merged and was split.

What happened follows from the finest areas that both vintages have: where those of an old
municipality are now is what became of it. So no list of redivisions is needed, except for
areas whose finest areas all went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.area_base_parts import LEVELS
from flows.definitions.areas import Redivision
from flows.ingest.area_base_model import Floats, UnusableBase
from flows.ingest.errors import listed

Texts = NDArray[np.object_]
Places = NDArray[np.intp]

Kind = Literal["kept", "reduced", "renamed", "merged", "split", "ended"]


@dataclass(frozen=True, eq=False)
class AreaChanges:
    """How the areas of one vintage became those of another.

    `finest`: the level of the single areas. `came`, `went`: per level the codes that only the
    later, only the earlier vintage has. `moved`: `level, area, before, after`, one row per
    finest area that both have and that lies in another area of a level. `became`: `level,
    before, after, areas, residents, share, kind`, one row per coarser area of the earlier
    vintage and each area of the later one in which its finest areas lie now (their number, their
    residents of the earlier vintage and their share of its residents); kinds: `kept` (its areas
    are where they were), `reduced` (it lost some), `renamed` (all under a new code of its own),
    `merged` (all in an area that has others too), `split` (it is no more, its areas lie in
    several), `ended` (none of its areas is left; `after` is empty). An area that received
    others and lost none is kept: those others tell it.
    """

    finest: str
    came: Mapping[str, tuple[str, ...]]
    went: Mapping[str, tuple[str, ...]]
    moved: pd.DataFrame
    became: pd.DataFrame

    def of_kind(self, kind: Kind, level: str) -> pd.DataFrame:
        """The rows of `became` of one kind and level."""
        rows: pd.DataFrame = self.became[
            (self.became["kind"] == kind) & (self.became["level"] == level)
        ]
        return rows


def compare_areas(before: pd.DataFrame, after: pd.DataFrame) -> AreaChanges:
    """Compare two frames of areas as `AreaBase.areas` has them.

    Levels that only one of them has are passed over. Raises `UnusableBase` where they are of
    different finest levels or have no area in common.
    """
    finest, levels = _levels(before, after)
    at = _places(before, after, finest)
    both = at >= 0
    if not both.any():
        raise UnusableBase(
            f"The two vintages have no {finest} in common, so they cannot be compared. Take two "
            "vintages of one base."
        )
    came, went, moved, became = {}, {}, [], []
    for level in (finest, *levels):
        codes, old, new = _numbered(before, after, level)
        was, is_now = _among(codes, old), _among(codes, new)
        came[level], went[level] = tuple(codes[is_now & ~was]), tuple(codes[was & ~is_now])
        if level == finest:
            continue
        here, there = old[both], new[at[both]]
        other = here != there
        moved.append(
            pd.DataFrame(
                {
                    "level": level,
                    "area": before[finest].to_numpy()[both][other],
                    "before": codes[here[other]],
                    "after": codes[there[other]],
                }
            )
        )
        people = before["residents"].to_numpy(dtype=float)
        became.append(_became(level, codes, old, people, both, there, new))
    return AreaChanges(
        finest,
        came,
        went,
        pd.concat(moved, ignore_index=True).astype("str"),
        pd.concat(became, ignore_index=True),
    )


def on_boundaries(
    before: pd.DataFrame,
    after: pd.DataFrame,
    redivision: Redivision | None = None,
    names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The areas of the earlier vintage in the areas of the later one, so that figures of both can
    be put beside each other.

    One row per row of `before`, in its order: a text column per level that both have, NaN where
    nothing tells the code, and `how` the row was placed:

    - `itself`: the later vintage has the area;
    - `redivision`: the redivision says which area of its own level it became (by its name in
      `names`, code -> name of the earlier vintage, at the finest level);
    - `surroundings`: it went; it is placed with most residents of the smallest area it lay in
      of which something is left (per level, areas no larger than that level);
    - `unknown`: nothing of its surroundings is left.

    The finest code is that of the later vintage; NaN for areas placed by their surroundings.
    Raises `UnusableBase` as `compare_areas`.
    """
    finest, levels = _levels(before, after)
    own = before[finest]
    at = _places(before, after, finest)
    how = np.where(at >= 0, "itself", "unknown").astype(object)
    if redivision is not None and names is not None:
        to = {**redivision.spelled, **redivision.merged}
        sent = own.map({area: to[name] for area, name in names.items() if name in to})
        place = pd.Index(after[finest]).get_indexer(pd.Index(sent))
        place[sent.isna().to_numpy() | (at >= 0)] = -1
        how[place >= 0] = "redivision"
        at = np.where(place >= 0, place, at)
    lost = at < 0
    placed = pd.DataFrame(
        {level: after[level].array.take(at, allow_fill=True) for level in (finest, *levels)},
        index=before.index,
    )
    for i, level in enumerate(levels):
        for around in levels[: i + 1]:
            gone = placed[level].isna()
            if not gone.any():
                break
            near = before[around].isin(before.loc[gone, around].unique()).to_numpy() & ~lost
            most = _most(
                before.loc[near, around], placed.loc[near, level], before.loc[near, "residents"]
            )
            placed.loc[gone, level] = before.loc[gone, around].map(most).astype("str")
    how[placed[levels].notna().any(axis=1).to_numpy() & lost] = "surroundings"
    return placed.assign(how=pd.array(how, dtype="str"))


def regrouped(values: ArrayLike, weights: ArrayLike, codes: pd.Series) -> pd.DataFrame:
    """Means of `values` (A, K), weighted by `weights` (A,), per code; a row per code.

    For shares of areas with the residents as weights, these are the shares of the larger areas.
    Areas without a code, a value or a weight are left out; a code with nothing else is NaN.
    The column `weight` holds what a row's means are of.
    """
    matrix = np.asarray(values, dtype=float)
    weight = np.asarray(weights, dtype=float)
    usable = np.isfinite(matrix).all(axis=1) & (weight > 0)
    known = codes.notna().to_numpy()
    groups, index = pd.factorize(codes[known], sort=True)
    sums = np.zeros((len(index), matrix.shape[1]))
    mass = np.zeros(len(index))
    take = usable[known]
    np.add.at(sums, groups[take], (matrix * weight[:, None])[known][take])
    np.add.at(mass, groups[take], weight[known][take])
    means = sums / np.where(mass > 0, mass, np.nan)[:, None]
    return pd.DataFrame(means, index=pd.Index(index, name=codes.name)).assign(weight=mass)


def change_lines(changes: AreaChanges, level: str, names: Mapping[str, str]) -> list[str]:
    """What became of the areas of one level, a sentence each; `names`: code -> name."""

    def called(code: str) -> str:
        return f"{names[code]} ({code})" if code in names else code

    lines = []
    rows = changes.became[(changes.became["level"] == level) & (changes.became["kind"] != "kept")]
    for before, part in rows.groupby("before", sort=True):
        to = [called(str(code)) for code in part["after"].dropna()]
        kind = part["kind"].iloc[0]
        said = {
            "reduced": f"lost areas to {listed([t for t in to if t != called(str(before))])}",
            "renamed": f"is now {listed(to)}",
            "merged": f"became part of {listed(to)}",
            "split": f"was divided over {listed(to)}",
            "ended": "is no more, and none of its areas is left",
        }
        lines.append(f"{called(str(before))} {said[kind]}")
    return lines


def _levels(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, list[str]]:
    """The finest level of both, and the coarser ones that both have."""
    of = [[level for level in LEVELS if level in frame] for frame in (before, after)]
    if not of[0] or not of[1] or of[0][0] != of[1][0]:
        raise UnusableBase(
            f"One vintage begins at the level {of[0][0] if of[0] else 'nothing'}, the other at "
            f"{of[1][0] if of[1] else 'nothing'}, so they cannot be compared. Take two vintages "
            "of one base."
        )
    return of[0][0], [level for level in of[0][1:] if level in of[1]]


def _became(
    level: str,
    codes: Texts,
    old: Places,
    people: Floats,
    both: NDArray[np.bool_],
    there: Places,
    new: Places,
) -> pd.DataFrame:
    """The rows of `AreaChanges.became` of one level; `old` (A,), `there` (areas in both)."""
    pairs = pd.DataFrame({"before": old[both], "after": there, "residents": people[both]})
    table = pairs.groupby(["before", "after"])["residents"].agg(["size", "sum"]).reset_index()
    was, is_now = _among(codes, old), _among(codes, new)
    ended = np.flatnonzero(was & ~_among(codes, old[both]))
    none = pd.DataFrame({"before": ended, "after": -1, "size": 0, "sum": 0.0})
    rows = pd.concat([table, none], ignore_index=True)
    whole = np.bincount(old, people, len(codes))[rows["before"]]
    ways = rows.groupby("before")["after"].transform("count").to_numpy()
    sources = rows.groupby("after")["before"].transform("count").to_numpy()
    kind = np.select(
        [
            (rows["after"] < 0).to_numpy(),
            (ways == 1) & (rows["before"] == rows["after"]).to_numpy(),
            is_now[rows["before"]],
            (ways == 1) & (sources == 1) & ~was[rows["after"]],
            ways == 1,
        ],
        ["ended", "kept", "reduced", "renamed", "merged"],
        "split",
    )
    text = np.array([*codes, None], dtype=object)  # -1: the last
    return pd.DataFrame(
        {
            "level": level,
            "before": text[rows["before"]],
            "after": pd.array(text[rows["after"]], dtype="str"),
            "areas": rows["size"].astype(int),
            "residents": rows["sum"].astype(int),
            "share": rows["sum"].to_numpy() / np.where(whole > 0, whole, 1.0),
            "kind": kind,
        }
    )


def _most(groups: pd.Series, codes: pd.Series, weights: pd.Series) -> pd.Series:
    """Per group the code with the largest weight; of equal ones the first in order."""
    table = pd.DataFrame({"group": groups, "code": codes, "weight": weights + 1e-9})
    sums = table.dropna().groupby(["group", "code"], sort=True)["weight"].sum().reset_index()
    best = sums.sort_values("weight", ascending=False, kind="stable").drop_duplicates("group")
    found: pd.Series = best.set_index("group")["code"]
    return found


def _among(codes: Texts, places: Places) -> NDArray[np.bool_]:
    """Per code whether it occurs."""
    there = np.zeros(len(codes), dtype=bool)
    there[places] = True
    return there


def _numbered(
    before: pd.DataFrame, after: pd.DataFrame, level: str
) -> tuple[Texts, Places, Places]:
    """The distinct codes of both, in order, and the place of every row's code among them."""
    both = pd.concat([before[level], after[level]], ignore_index=True)
    places, codes = pd.factorize(both, sort=True)
    return np.asarray(codes, dtype=object), places[: len(before)], places[len(before) :]


def _places(before: pd.DataFrame, after: pd.DataFrame, finest: str) -> Places:
    """The row of `after` with the same finest area as each row of `before`; -1 where none."""
    codes, old, new = _numbered(before, after, finest)
    rows = np.full(len(codes), -1, dtype=np.intp)
    rows[new] = np.arange(len(new))
    return rows[old]

"""Small areas are withheld, and others with them, so that no difference gives them away.

What is published of an area is known of every sum and difference of published areas. Areas lie
in each other in two branches (postcodes; neighbourhoods and municipalities) that cross. Take
the finest areas that are not published. In each branch such an area belongs to a remainder: the
finest published area around it less everything published inside that. Two areas that share
both remainders form a cell of the table of remainders by remainders. Whatever can be worked out
from published areas is a sum over whole cells and published finest areas, because published
areas are linear in the two remainders and constant within cells. So if every cell that is lived
in reaches the threshold, no difference, through whichever branches, stays under it.

Cells under the threshold get company, the smallest first: a published finest area of the same
cell, or else the cell is made larger by withholding the smallest area around or beside it. What
turns out not to be needed in the end, the largest first, is published after all; so nothing is
withheld that could be worked out anyway.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from flows.definitions.area_base_parts import NESTED
from flows.profiles.projection.nested_areas import OUTSIDE, Bools, Ints, NestedAreas, sums

NOTHING = -2


def withhold(
    areas: pd.DataFrame,
    levels: Sequence[str],
    fewest: int = 5,
    branches: Sequence[Sequence[str]] = NESTED,
) -> pd.DataFrame:
    """Per area of every level whether it may be published, and what it is merged into.

    `areas`: a row per finest area with a text column per level (empty: in no area of it),
    `inhabitants` and `addresses` (-1 where unknown: then inhabitants alone count). `levels`:
    finest first. `branches`: the two chains of levels that lie in each other. Areas with fewer
    than `fewest` inhabitants or addresses are withheld, and as few others as make differences
    safe. Addresses of areas without inhabitants do not count: they hide nobody. A remainder in
    which nobody lives gives nobody away.

    Returns a row per area, by level and code: `level`, `area`, `inhabitants`, `addresses` (-1
    unknown), `suppressed` ('', 'small' or 'difference'), and of withheld areas `merged_into` and
    `merged_level`, the finest published area around the whole of it (empty: none). Raises
    `ProfileError` for numbers that are missing or negative and areas that do not nest.
    """
    table = NestedAreas(areas, levels, fewest, branches)
    published = table.enough.copy()
    _protect(table, published)
    _restore(table, published)
    return table.frame(published)


def _protect(table: NestedAreas, published: Bools) -> None:
    """Withhold areas, in place, until every cell that is lived in reaches the threshold."""
    size = table.size
    while True:
        cell, keys = pd.factorize(table.key(*(table.around(b, published) for b in (0, 1))))
        light = table.light(*_open(table, cell, published, len(keys)))
        leaves = np.flatnonzero(published[:size] & light[cell])
        company = _smallest(cell[leaves], table.people[leaves], leaves)
        published[company] = False
        light[cell[company]] = False
        rows = np.flatnonzero(light[cell])
        lonely = rows[np.unique(cell[rows], return_index=True)[1]]
        nodes = _widened(table, published, lonely) if len(lonely) else lonely
        if not len(company) and not len(nodes):
            return
        published[nodes] = False


def _widened(table: NestedAreas, published: Bools, lonely: Ints) -> Ints:
    """What to withhold so that cells without company, each given by an area in it, get some.

    For every pair of published areas around the cell, one per branch: the published finest area
    inside both for which the fewest inhabitants lose a figure, those of all areas that are
    published around it or around the cell inside that pair.
    """
    best = np.full(len(lonely), np.inf)
    company, pair = np.full(len(lonely), OUTSIDE), np.zeros((2, len(lonely)), dtype=np.int64)
    leaves = np.flatnonzero(published[: table.size])
    chains = [_published_chain(table, published, branch) for branch in (0, 1)]
    for i, (first, first_cost) in enumerate(chains[0]):
        for j, (second, second_cost) in enumerate(chains[1]):
            cost = first_cost + second_cost
            key = table.key(first, second)
            valid = (first[lonely] > NOTHING) & (second[lonely] > NOTHING)
            near = leaves[np.isin(key[leaves], key[lonely][valid])]
            if not len(near):
                continue
            total = cost[near] + table.people[near]
            order = np.lexsort((near, total, key[near]))
            kinds, at = np.unique(key[near][order], return_index=True)
            place = np.minimum(np.searchsorted(kinds, key[lonely]), len(kinds) - 1)
            chosen = order[at[place]]
            total_cost = total[chosen] + cost[lonely]
            better = valid & (kinds[place] == key[lonely]) & (total_cost < best)
            best[better], company[better] = total_cost[better], near[chosen[better]]
            pair[:, better] = [[i], [j]]
    found = company >= 0
    withheld = [company[found]]
    for branch, depth in enumerate(pair):
        for level, at in enumerate(table.branches[branch], start=1):
            inside = found & (level > depth)
            withheld += [at[lonely[inside]], at[company[inside]]]
            # Without company anywhere all that is published around the cell goes.
            withheld.append(at[lonely[~found]])
    nodes = np.unique(np.concatenate(withheld))
    return np.asarray(nodes[(nodes >= 0) & published[nodes]])


def _published_chain(table: NestedAreas, published: Bools, branch: int) -> list[tuple[Ints, Ints]]:
    """Per level, everything first: the published area (NOTHING if none) and what is inside.

    That is the number of inhabitants of the published areas of finer levels around it.
    """
    cost = np.zeros(table.size, dtype=np.int64)
    found = []
    for at in reversed(table.branches[branch]):
        hit = (at >= 0) & published[at]
        found.append((np.where(hit, at, NOTHING), cost))
        cost = cost + np.where(hit, table.inhabitants[at], 0)
    found.append((np.full(table.size, OUTSIDE), cost))
    return found[::-1]


def _restore(table: NestedAreas, published: Bools) -> None:
    """Publish again, in place, what was withheld for differences and turns out not to matter."""
    changed = True
    while changed:
        changed = False
        for branch in (0, 1):
            for at in table.branches[branch]:
                while _restore_level(table, published, branch, at):
                    changed = True
        while _restore_finest(table, published):
            changed = True


def _restore_level(table: NestedAreas, published: Bools, branch: int, at: Ints) -> bool:
    """Publish areas of one level whose remainder, and what it is taken out of, stay safe."""
    wanted = table.enough & ~published
    if not wanted[at[at >= 0]].any():
        return False
    around = [table.around(b, published) for b in (0, 1)]
    # Only what now belongs to a coarser remainder would become part of the area's own.
    finer = np.zeros(table.size, dtype=bool)
    for other in reversed(table.branches[branch]):
        if other is at:
            break
        finer |= (other >= 0) & published[other]
    within = (at >= 0) & wanted[at]
    rows = np.flatnonzero(within & ~finer)
    # An area whose parts are all published can be added up anyway.
    added_up = np.setdiff1d(at[within], at[rows])
    if len(added_up):
        published[added_up] = True
        return True
    cell, keys = pd.factorize(table.key(around[0], around[1]))
    people, homes = _open(table, cell, published, len(keys))
    part, found = pd.factorize(table.key(at[rows], cell[rows]))
    pair, cells = np.asarray(found) // (len(table.enough) + 2) - 2, np.empty(len(found), np.int64)
    cells[part] = cell[rows]
    hidden = ~published[rows]
    own_people = sums(part[hidden], table.people[rows][hidden], len(found))
    own_homes = sums(part[hidden], table.homes[rows][hidden], len(found))
    unsafe = table.light(own_people, own_homes)
    unsafe |= table.light(people[cells] - own_people, homes[cells] - own_homes)
    bad = np.zeros(len(table.enough), dtype=bool)
    bad[pair[unsafe]] = True
    good = (~bad)[pair]
    if not good.any():
        return False
    # Of areas that share a cell only the largest, so that each is judged by itself.
    pair, cells = pair[good], cells[good]
    order = np.lexsort((pair, -table.inhabitants[pair], cells))
    first = np.ones(len(order), dtype=bool)
    first[1:] = cells[order][1:] != cells[order][:-1]
    lost = np.zeros(len(table.enough), dtype=bool)
    lost[pair[order][~first]] = True
    published[np.unique(pair[~lost[pair]])] = True
    return True


def _restore_finest(table: NestedAreas, published: Bools) -> bool:
    """Publish the largest finest area of every cell that is safe without it."""
    cell, keys = pd.factorize(table.key(table.around(0, published), table.around(1, published)))
    people, homes = _open(table, cell, published, len(keys))
    rows = np.flatnonzero(table.enough[: table.size] & ~published[: table.size])
    left = people[cell[rows]] - table.people[rows], homes[cell[rows]] - table.homes[rows]
    rows = rows[~table.light(*left)]
    published[_smallest(cell[rows], -table.people[rows], rows)] = True
    return len(rows) > 0


def _open(table: NestedAreas, cell: Ints, published: Bools, size: int) -> tuple[Ints, Ints]:
    """Inhabitants and addresses per cell of what is not published."""
    hidden = ~published[: table.size]
    return (
        sums(cell[hidden], table.people[hidden], size),
        sums(cell[hidden], table.homes[hidden], size),
    )


def _smallest(group: Ints, size: Ints, item: Ints) -> Ints:
    """Per group the item of the smallest size, without repetition."""
    order = np.lexsort((item, size, group))
    group = group[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    return np.unique(item[order][first])

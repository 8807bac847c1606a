"""Small areas are withheld, and others with them, so that no difference gives them away.

What is published of an area is known of every sum and difference of published areas. Areas lie
in each other in two branches (postcodes; neighbourhoods and municipalities) that cross. Take
the finest areas that are not published. In each branch such an area belongs to a remainder: the
finest published area around it less everything published inside that. Let the remainders of both
branches be the points of a graph and the withheld finest areas its edges, each from the
remainder it has in the first branch to the one it has in the second. (What lies in no published
area of a branch is the ground, one point for both.) The published sums are those of all edges
at a point, so a set of edges is known if and only if it adds a number to each edge that is the
difference of two numbers at its ends: 1 on the set and 0 elsewhere. Such a set is a disjoint
union of directed cuts: the edges that leave a set of points which no edge enters. So no known
set is under the threshold if and only if that many can flow from the one end of every light
edge to the other, along edges as far as they hold, and against edges without limit (the
theorem of maximum flow and minimum cut). That is exact, and local: a flow needs few edges.

- A light edge that lacks flow gets the cheapest path that carries what it lacks: published finest
  areas are withheld as new edges, published larger areas are withheld and so make one point of
  two. `LOSS` says what that costs. Withholding more never makes anything known.
- Then all that was withheld in excess, the dearest first, is published again. Publishing an
  area splits a point in two or takes out an edge. What may become known are cuts between its two
  ends, in either direction; so those two flows decide. An area that no flow at all connects is
  known already.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from flows.definitions.area_base_parts import NESTED
from flows.profiles.projection.nested_areas import NestedAreas
from flows.profiles.projection.remainders import Remainders

LOSS: Mapping[str, float] = {
    "pc6": 1.0, "pc5": 2.0, "buurt": 2.0, "pc4": 100.0, "wijk": 1000.0,
    "municipality": 1e6, "province": 1e9, "country": 1e12,
}  # fmt: skip
"""What it costs to withhold an area of a level, per inhabitant."""

MEASURES = PEOPLE, HOMES = 0, 1


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
    than `fewest` inhabitants or addresses are withheld, and others that make differences safe:
    those that cost little, and none that could be published after all. Addresses of areas
    without inhabitants do not count: they hide nobody.

    Returns a row per area, by level and code: `level`, `area`, `inhabitants`, `addresses` (-1
    unknown), `suppressed` ('', 'small' or 'difference'), and of withheld areas `merged_into` and
    `merged_level`, the finest published area around the whole of it (empty: none). Raises
    `ProfileError` for numbers that are missing or negative and areas that do not nest.
    """
    table = NestedAreas(areas, levels, fewest, branches)
    graph = Remainders(table, [LOSS.get(level, max(LOSS.values())) for level in levels])
    _protect(graph)
    _restore(graph)
    return table.frame(np.array(graph.published))


def _protect(graph: Remainders) -> None:
    """Withhold areas until enough can flow along every light edge."""
    for area in graph.light():
        start, end = graph.ends(area)
        flows = _flows(graph, start, end)
        if all(flow.enough for flow in flows):
            continue
        # One path for all that lacks, unless several that each carry a part cost less.
        whole, one_path = _cheapest(graph, start, end, flows, [flow.lacking for flow in flows])
        bought: list[int] = []
        while not all(flow.enough for flow in flows):
            least = [min(flow.lacking, 1) for flow in flows]
            cost, path = _cheapest(graph, start, end, flows, least)
            whole -= cost
            if whole <= 0:
                for other in bought:
                    graph.set_published(other, True)
                bought, path = [], one_path
            for other in path:
                graph.set_published(other, False)
            bought += path
            if whole <= 0:
                break
            start, end = graph.ends(area)
            flows = _flows(graph, start, end)


def _flows(graph: Remainders, start: int, end: int) -> list[Flow]:
    return [Flow(graph, start, end, measure) for measure in MEASURES]


def _restore(graph: Remainders) -> None:
    """Publish what was withheld for differences and turns out not to matter, dearest first."""
    for area in graph.in_excess():
        graph.set_published(area, True)
        if not all(_safe(graph, *pair) for pair in graph.divided(area)):
            graph.set_published(area, False)


def _safe(graph: Remainders, one: int, other: int) -> bool:
    """Whether no cut under the threshold divides two points; if nothing joins them, none does."""
    if one == other:
        return True
    people = Flow(graph, one, other, PEOPLE)
    if people.value == 0:
        return True
    if not people.enough or not Flow(graph, other, one, PEOPLE).enough:
        return False
    return Flow(graph, one, other, HOMES).enough and Flow(graph, other, one, HOMES).enough


class Flow:
    """What can flow from a point to another, as far as the threshold.

    Along an edge goes as much as the areas hold; against it there is no limit.
    """

    def __init__(self, graph: Remainders, start: int, end: int, measure: int) -> None:
        self.graph, self.measure = graph, measure
        self.used: dict[tuple[int, int], int] = {}
        self.value = 0
        if start == end:
            # An edge from a point to itself is in no cut.
            self.value = graph.fewest
        while not self.enough and self._more(start, end):
            pass

    @property
    def enough(self) -> bool:
        return self.value >= self.graph.fewest

    @property
    def lacking(self) -> int:
        return max(self.graph.fewest - self.value, 0)

    def room(self, start: int, end: int) -> int:
        """What can still flow along an edge."""
        held = self.graph.cells(start)[0][end][self.measure]
        return held - self.used.get((start, end), 0)

    def _more(self, start: int, end: int) -> bool:
        """Let more flow along one more path, if there is one."""
        path = self._path(start, end)
        if path is None:
            return False
        along = [step for step in pairwise(path) if step[1] in self.graph.cells(step[0])[0]]
        more = min([self.lacking, *(self.room(*step) for step in along)])
        for a, b in pairwise(path):
            forward = b in self.graph.cells(a)[0]
            edge, change = ((a, b), more) if forward else ((b, a), -more)
            self.used[edge] = self.used.get(edge, 0) + change
        self.value += more
        return True

    def _path(self, start: int, end: int) -> list[int] | None:
        """A shortest path that has room, sought from both sides, the narrower first."""
        before: dict[int, int] = {start: start}
        after: dict[int, int] = {end: end}
        heads, tails = [start], [end]
        while heads and tails:
            onward = len(heads) <= len(tails)
            seen, met = (before, after) if onward else (after, before)
            edge = []
            for point in heads if onward else tails:
                leaving, entering = self.graph.cells(point)
                limited, free = (leaving, entering) if onward else (entering, leaving)
                for other in limited:
                    if (
                        other not in seen
                        and self.room(*((point, other) if onward else (other, point))) > 0
                    ):
                        seen[other] = point
                        edge.append(other)
                for other in free:
                    if other not in seen:
                        seen[other] = point
                        edge.append(other)
            shared = next((point for point in edge if point in met), None)
            if shared is not None:
                return [*_back(before, shared)[::-1], *_back(after, shared)[1:]]
            if onward:
                heads = edge
            else:
                tails = edge
        return None


def _back(seen: Mapping[int, int], point: int) -> list[int]:
    """The points from one to where the search began."""
    path = [point]
    while seen[path[-1]] != path[-1]:
        path.append(seen[path[-1]])
    return path


def _cheapest(
    graph: Remainders, start: int, end: int, flows: Sequence[Flow], needed: Sequence[int]
) -> tuple[float, list[int]]:
    """The cheapest path on which so much more can flow: its cost and the areas to withhold."""
    best: dict[int, float] = {start: 0.0}
    came: dict[int, tuple[int, int | None]] = {}
    waiting, done = [(0.0, start)], set()
    while waiting:
        cost, point = heapq.heappop(waiting)
        if point in done:
            continue
        if point == end:
            break
        done.add(point)
        most = best.get(end, np.inf)
        leaving, entering = graph.cells(point)
        ways: list[tuple[float, int, int | None]] = [(0.0, other, None) for other in entering]
        ways += [
            (0.0, other, None)
            for other in leaving
            if all(
                flow.room(point, other) >= need for flow, need in zip(flows, needed, strict=True)
            )
        ]
        for price, other, area in [*ways, *graph.offers(point, most - cost)]:
            total = cost + price
            if total < best.get(other, np.inf):
                best[other], came[other] = total, (point, area)
                heapq.heappush(waiting, (total, other))
    cost, withheld = best[end], []
    while end != start:
        end, area = came[end]
        if area is not None:
            withheld.append(area)
    return cost, list(dict.fromkeys(withheld))

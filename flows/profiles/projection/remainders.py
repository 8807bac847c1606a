"""What is left of published areas after their published parts, as a graph of withheld areas.

The points are the remainders of published areas in the two branches in which areas lie in each
other; the edges are the withheld finest areas in which people live, each from its remainder in
the first branch to that in the second. What lies in no published area is the ground, one point
for both branches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from flows.profiles.projection.nested_areas import OUTSIDE, NestedAreas

Cells = dict[int, tuple[int, int]]
"""Inhabitants and addresses of the withheld areas that lead to a point."""


class Remainders:
    """The graph, which changes as areas are withheld and published."""

    def __init__(self, table: NestedAreas, loss: list[float]) -> None:
        self.fewest, self.size = table.fewest, table.size
        self.enough: list[bool] = table.enough.tolist()
        self.published: list[bool] = table.enough.tolist()
        self.people: list[int] = table.people.tolist()
        self.homes: list[int] = table.homes.tolist()
        each = np.repeat(loss, [len(table.codes[level]) for level in table.levels])
        self.cost: list[float] = (each * table.inhabitants).tolist()
        # A point per coarser area and branch, then what is in no area of a branch, then ground.
        self.coarse = len(self.enough) - self.size
        self.ground = 2 * self.coarse + 2
        self.parent = [self.ground] * self.ground
        self.parts: list[list[int]] = [[] for _ in range(self.ground)]
        self.finest: list[list[int]] = [[] for _ in range(self.ground)]
        self.hidden: list[dict[int, None]] = [{} for _ in range(self.ground)]
        self.home: list[list[int]] = []
        self.points: list[list[int]] = [[] for _ in range(self.coarse)]
        for branch in (0, 1):
            self._add(table, branch)
        self._cells: dict[int, tuple[Cells, Cells]] = {}

    def _add(self, table: NestedAreas, branch: int) -> None:
        """The points and finest areas of one branch."""
        parent = table.parents[branch]
        nowhere = 2 * self.coarse + branch
        point = np.where(parent == OUTSIDE, nowhere, parent - self.size + branch * self.coarse)
        home: list[int] = point[: self.size].tolist()
        self.home.append(home)
        lived = np.flatnonzero(table.people > 0)
        for area in lived[np.argsort(table.people[lived], kind="stable")].tolist():
            self.finest[home[area]].append(area)
            if not self.published[area]:
                self.hidden[home[area]][area] = None
        for level in table.within[branch]:
            for area in np.unique(table.at[level][table.at[level] >= 0]).tolist():
                own = self.point(area, branch)
                self.points[area - self.size].append(own)
                self.parent[own] = int(point[area])
                self.parts[int(point[area])].append(own)

    def point(self, area: int, branch: int) -> int:
        """The point of a coarser area."""
        return area - self.size + branch * self.coarse

    def area(self, point: int) -> int:
        """The coarser area of a point that is not the ground."""
        return point % self.coarse + self.size

    def is_open(self, point: int) -> bool:
        """Whether a point stands by itself: its area is published."""
        return point < 2 * self.coarse and self.published[self.area(point)]

    def outer(self, point: int) -> int:
        """The point itself, or the one it is part of because its area is withheld."""
        while point != self.ground and not self.is_open(point):
            point = self.parent[point]
        return point

    def ends(self, area: int) -> tuple[int, int]:
        """The points between which a finest area lies."""
        return self.outer(self.home[0][area]), self.outer(self.home[1][area])

    def whole(self, point: int) -> Iterator[int]:
        """A point and all that is part of it because it is withheld."""
        waiting = [point]
        if point == self.ground:
            waiting = [self.ground - 2, self.ground - 1]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += [part for part in self.parts[one] if not self.is_open(part)]

    def _branch(self, point: int) -> int:
        if point >= 2 * self.coarse:
            return point - 2 * self.coarse
        return point // self.coarse

    def cells(self, point: int) -> tuple[Cells, Cells]:
        """What the edges that leave a point lead to, and what those that enter it come from."""
        found = self._cells.get(point)
        if found is None:
            found = self._cells[point] = ({}, {})
            for part in self.whole(point):
                branch = self._branch(part)
                cells, home = found[branch], self.home[1 - branch]
                for area in self.hidden[part]:
                    other = self.outer(home[area])
                    if other != point:
                        people, homes = cells.get(other, (0, 0))
                        cells[other] = people + self.people[area], homes + self.homes[area]
        return found

    def offers(self, point: int, most: float) -> Iterator[tuple[float, int, int]]:
        """What can be withheld at a point for less than `most`: cost, where it leads, the area."""
        for part in self.whole(point):
            home = self.home[1 - self._branch(part)]
            for area in self.finest[part]:
                if self.cost[area] >= most:
                    break
                if self.published[area]:
                    yield self.cost[area], self.outer(home[area]), area
            for inner in self.parts[part]:
                if self.is_open(inner) and self.cost[self.area(inner)] < most:
                    yield self.cost[self.area(inner)], inner, self.area(inner)
        if point != self.ground and self.cost[self.area(point)] < most:
            own = self.area(point)
            yield self.cost[own], self.outer(self.parent[point]), own

    def light(self) -> list[int]:
        """A finest area of every cell (withheld areas with the same ends) under the threshold."""
        cells: dict[tuple[int, int], list[int]] = {}
        for part, inside in enumerate(self.hidden):
            if self._branch(part) == 0:
                for area in inside:
                    cells.setdefault(self.ends(area), []).append(area)
        return [
            inside[0]
            for inside in cells.values()
            if sum(self.people[area] for area in inside) < self.fewest
            or sum(self.homes[area] for area in inside) < self.fewest
        ]

    def in_excess(self) -> list[int]:
        """Areas that are withheld and would be large enough, those that cost most first."""
        held = [
            area
            for area, (enough, shown) in enumerate(zip(self.enough, self.published, strict=True))
            if enough and not shown
        ]
        return sorted(held, key=lambda area: (-self.cost[area], area))

    def divided(self, area: int) -> list[tuple[int, int]]:
        """The pairs of points that are one when a published area is withheld."""
        if area < self.size:
            return [self.ends(area)]
        own = self.points[area - self.size]
        every = list(dict.fromkeys([*own, *(self.outer(self.parent[point]) for point in own)]))
        return [(a, b) for i, a in enumerate(every) for b in every[i + 1 :]]

    def set_published(self, area: int, shown: bool) -> None:
        """Publish an area, or withhold it."""
        if area < self.size:
            touched = list(self.ends(area))
        else:
            own = self.points[area - self.size]
            touched = [*own, *(self.outer(self.parent[point]) for point in own)]
            touched += [other for point in touched for way in self.cells(point) for other in way]
        for point in touched:
            self._cells.pop(point, None)
        self.published[area] = shown
        if area < self.size:
            for home in self.home:
                if shown:
                    del self.hidden[home[area]][area]
                else:
                    self.hidden[home[area]][area] = None

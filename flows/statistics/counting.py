"""Counting by matrix products: every row against every column of a cross-tab at once.

People are put in order of their group once. A row is a vector over people (an indicator of
an answer, or a score); the sums of all rows in all groups are then one small matrix product
a group, in which each value is touched once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grouping:
    """People in order of group.

    `order`: positions of the people, group by group (n). `starts`: where each group begins
    in that order, and the end (G + 2). The last group holds those without a group.
    """

    order: Ints
    starts: Ints

    @property
    def groups(self) -> int:
        """The number of named groups, G."""
        return len(self.starts) - 2


def group_people(groups: NDArray[np.integer], count: int) -> Grouping:
    """Put people in order of their group: codes 0 .. `count` - 1, and -1 for none."""
    codes = np.asarray(groups, dtype=np.int64)
    if codes.size and (codes.min() < -1 or codes.max() >= count):
        raise ValueError(f"group codes must lie between -1 and {count - 1}")
    codes = np.where(codes < 0, count, codes)
    starts = np.zeros(count + 2, dtype=np.int64)
    np.cumsum(np.bincount(codes, minlength=count + 1), out=starts[1:])
    return Grouping(order=np.argsort(codes, kind="stable"), starts=starts)


def grouped_sums(rows: Floats, values: Floats, starts: Ints) -> Floats:
    """Sums of row x value in every group.

    `rows` (R, n) and `values` (n, M) stand in the order of a `Grouping` whose `starts` are
    given. Returns (R, groups, M).
    """
    groups = len(starts) - 1
    sums = np.empty((rows.shape[0], groups, values.shape[1]))
    for g in range(groups):
        here = slice(starts[g], starts[g + 1])
        sums[:, g] = rows[:, here] @ values[here]
    return sums

"""What else to hide so that a hidden share does not follow.

The share is pushed as far as it must be able to go, and the statements in the way give in at a
price; a statement that gives in is one to hide (Kelly, Golden and Assad 1992, by a linear
programme). Then whatever proves not to be needed is shown again.
"""

from __future__ import annotations

import numpy as np

from flows.crosstabs.disclosure.goals import MARGIN, Goal, Watch
from flows.crosstabs.disclosure.knowledge import Statements
from flows.crosstabs.disclosure.programs import USED, give_in
from flows.crosstabs.disclosure.reach import Reach
from flows.crosstabs.disclosure.rules import Bools
from flows.crosstabs.tables import Floats

_NEAR = 1e-9


def withdraw(
    statements: Statements, goal: Goal, hidden: Bools, losses: Floats, watch: Watch
) -> Bools | None:
    """Which keys to hide as well so that a goal is open: the least loss that was found.

    None if nothing helps. `losses`: of each key. `watch` learns from what is found on the way.
    """
    reach = Reach(statements, goal, watch.furthest(goal))
    chosen: Bools | None = np.zeros_like(hidden)
    if not reach.is_open(hidden, reach.real < 0.5):
        chosen = _Partners(reach, hidden, losses).best()
    now = hidden if chosen is None else statements.closed(hidden | chosen)
    for shares in reach.fitting(now):
        watch.learn(shares)
    return chosen


class _Partners:
    """The search for what to hide with one goal, which is not open yet."""

    def __init__(self, reach: Reach, hidden: Bools, losses: Floats) -> None:
        self.reach, self.statements = reach, reach.statements
        self.hidden, self.losses = hidden, losses
        self.need = reach.goal.need + MARGIN
        self.everything = np.ones_like(hidden)
        keys = self.statements.keys
        # In the order in which keys are shown again if they can: the dearest first.
        self.order = sorted(range(len(keys)), key=lambda k: (-losses[k], k))
        self._pushed: dict[tuple[bool, float, bytes], Bools] = {}

    def best(self) -> Bools | None:
        """The least loss found; None if nothing helps."""
        best: Bools | None = None
        tried: set[bytes] = set()
        # The side with more room first; the other one if that takes more than a partner.
        for up in (True, False) if self.reach.real < 0.5 else (False, True):
            chosen = self._pushed_to(up, self._target(up, self.hidden), self.hidden)
            if not chosen.any():
                if not self.reach.is_open(self.everything, up):
                    return None
                chosen = self._to_both(up)
            if chosen.any() and chosen.tobytes() not in tried:
                tried.add(chosen.tobytes())
                fewest = self._needed(chosen, up, self._loss(best) if best is not None else np.inf)
                if fewest is not None:
                    best = fewest
            if best is not None and best.sum() == 1:
                break
        return best

    def _target(self, up: bool, hidden: Bools) -> float:
        """How far the goal must go to one side from its end at the other; down as a negative."""
        other = self.reach.end(not up, hidden)
        return (other if up else -other) + self.need

    def _to_both(self, first: bool) -> Bools:
        """What gives in when a goal that has no room to one side is pushed to both."""
        chosen = np.zeros_like(self.hidden)
        for up in (first, not first):
            target = self._target(up, self.statements.closed(self.hidden | chosen))
            widest = self.reach.end(up, self.everything)
            room = widest if up else -widest
            chosen = chosen | self._pushed_to(up, min(target, room - USED), self.hidden | chosen)
        return chosen

    def _pushed_to(self, up: bool, target: float, hidden: Bools) -> Bools:
        """What gives in when the goal is pushed to one side as far as `target`."""
        sign = 1.0 if up else -1.0
        nothing = np.zeros_like(hidden)
        if target > sign * self.reach.proven(self.everything)[up] + _NEAR:
            return nothing
        push = up, target, hidden.tobytes()
        if push not in self._pushed:
            found = give_in(self.statements, sign * self.reach.vector, target, hidden, self.losses)
            if found is not None:
                self.reach.learn(found[1])
            self._pushed[push] = nothing if found is None else found[0]
        return self._pushed[push]

    def _needed(self, chosen: Bools, up: bool, most: float) -> Bools | None:
        """Of the chosen those that are needed for the goal to be open.

        None if all of them do not open it, or lose no less than `most`.
        """
        if not self._is_open(chosen, up):
            return None
        kept, needed = chosen.copy(), np.zeros_like(chosen)
        for k in self.order:
            if kept[k] and kept.sum() > 1:
                kept[k] = False
                needed[k] = kept[k] = not self._is_open(kept, up)
                if self._loss(needed) >= most:
                    return None
        return kept if self._loss(kept) < most else None

    def _is_open(self, chosen: Bools, up: bool) -> bool:
        return self.reach.is_open(self.statements.closed(self.hidden | chosen), up)

    def _loss(self, keys: Bools) -> float:
        return float(self.losses[keys].sum())

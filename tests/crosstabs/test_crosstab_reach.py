"""What is remembered of earlier programmes decides the same as a least and a greatest value."""

import numpy as np
import pytest
from disclosure_world import edition, people
from scipy.optimize import linprog

from flows.crosstabs.disclosure.edition import protect
from flows.crosstabs.disclosure.goals import WIDER, Goal, Watch
from flows.crosstabs.disclosure.knowledge import Knowledge
from flows.crosstabs.disclosure.linked import linked_question
from flows.crosstabs.disclosure.partners import withdraw
from flows.crosstabs.disclosure.programs import give_in, look
from flows.crosstabs.disclosure.reach import Reach
from flows.definitions.dossier_plan import Publication

RULES = Publication()
NEAR = 1e-6
AXES = [(("profile",),), (("age",), ("profile",), ("profile", "age"))]


def world(seed):
    """The tables of a small edition, protected, with all that they say of question Q."""
    frame = people((70, 110, 160)[seed % 3], seed, (0.4, 1.2)[seed % 2], 0.04 * (seed % 2))
    protection = protect(edition(frame, AXES[seed % 2]), RULES)
    linked = linked_question(protection.placed, RULES)
    assert linked is not None
    return protection, linked


def plain(statements, goal, hidden):
    """The least and the greatest value of a goal, all statements as they are."""
    shown = [k == len(hidden) or not hidden[k] for k in statements.key_of]
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(
            sign * goal.vector(len(statements.truth)),
            A_ub=statements.upper.toarray()[shown],
            b_ub=statements.limit[shown],
            A_eq=statements.equal.toarray(),
            b_eq=statements.value,
            bounds=statements.bounds,
        )
        assert found.status in (0, 3)
        ends.append(sign * found.fun if found.status == 0 else -sign * np.inf)
    return tuple(ends)


def is_open(statements, goal, hidden):
    low, high = plain(statements, goal, hidden)
    return high - low > goal.need + WIDER


def drawn(rng, linked, k):
    goals = [goal for goals in linked.cells.values() for goal in goals]
    return [goals[i] for i in rng.choice(len(goals), k, replace=False)]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_hidden_and_in_whatever_order_the_decision_is_that_of_two_programmes(seed):
    _, linked = world(seed)
    statements, rng = linked.knowledge.statements(), np.random.default_rng(seed)
    for goal in drawn(rng, linked, 3):
        reach, decided = Reach(statements, goal), set()
        for part in (0.7, 0.1, 0.5, 0.3, 0.4, 0.2):
            hidden = statements.closed(rng.random(len(statements.keys)) < part)
            low, high = plain(statements, goal, hidden)
            seen, proven = reach.seen(hidden), reach.proven(hidden)
            # Before anything is solved for this choice, from what others told.
            assert proven[0] - NEAR <= low <= seen[0] + NEAR
            assert seen[1] - NEAR <= high <= proven[1] + NEAR
            wide = high - low > goal.need + WIDER
            if abs(high - low - goal.need - WIDER) > NEAR:
                assert reach.is_open(hidden, bool(rng.integers(2))) is wide
                decided.add(wide)
            assert reach.end(False, hidden) == pytest.approx(low, abs=NEAR)
            assert reach.end(True, hidden) == pytest.approx(high, abs=NEAR)
        assert decided


def test_both_decisions_are_made_in_these_worlds_and_few_programmes_are_solved(monkeypatch):
    solved = []
    from flows.crosstabs.disclosure import reach as module

    real = module.end
    monkeypatch.setattr(module, "end", lambda *args: solved.append(1) or real(*args))
    _, linked = world(1)
    statements, rng = linked.knowledge.statements(), np.random.default_rng(1)
    verdicts = []
    for goal in drawn(rng, linked, 4):
        reach = Reach(statements, goal)
        hidden = np.zeros(len(statements.keys), dtype=bool)
        for k in rng.permutation(len(hidden)):
            hidden[k] = True
            verdicts.append(reach.is_open(statements.closed(hidden), True))
        # What is open stays open as more is hidden.
        assert verdicts[-1] is True
    assert {True, False} == set(verdicts)
    assert len(solved) < len(verdicts) / 2


@pytest.mark.parametrize("seed", range(3))
def test_what_is_hidden_as_well_opens_a_share_and_none_of_it_can_be_spared(seed):
    _, linked = world(seed)
    statements, rng = linked.knowledge.statements(), np.random.default_rng(seed)
    losses = np.array([linked.losses.get(key, 1.0) for key in statements.keys])
    watch = Watch(statements.truth)
    goals = drawn(rng, linked, 4)
    watch.add(goals)
    hidden = statements.hiding({goals[0].key})
    look(statements, watch, hidden)
    found = 0
    while (goal := watch.judge()) is not None:
        hidden = hidden | statements.hiding({goal.key})
        chosen = withdraw(statements, goal, hidden, losses, watch)
        assert chosen is not None
        hidden = statements.closed(hidden)
        assert is_open(statements, goal, statements.closed(hidden | chosen))
        for k in np.flatnonzero(chosen) if chosen.sum() > 1 else ():
            fewer = chosen.copy()
            fewer[k] = False
            assert not is_open(statements, goal, statements.closed(hidden | fewer))
        found += bool(chosen.any())
        hidden = statements.closed(hidden | chosen)
        # What was seen on the way fits what is shown now.
        for i, other in enumerate(watch.goals):
            low, high = plain(statements, other, hidden)
            assert low - NEAR <= watch.low[i] <= watch.high[i] <= high + NEAR
    assert found


@pytest.mark.parametrize("seed", range(4))
def test_all_that_an_edition_hides_is_open(seed):
    protection, linked = world(seed)
    statements = linked.knowledge.statements()
    hidden = statements.hiding(protection.hidden)
    goals = [g for key, goals in linked.cells.items() if key in protection.hidden for g in goals]
    assert goals
    assert protection.notes == []
    for goal in [*goals, *linked.goals]:
        assert is_open(statements, goal, hidden)


def test_what_another_file_shows_is_no_partner():
    """Hiding it protects nothing: everybody has the number already."""
    protection, linked = world(0)
    shown = [key for key in linked.knowledge.statements().keys if key not in protection.hidden]
    stands = set(shown[::2])
    again = linked_question(protection.placed, RULES, stands=stands)
    statements = again.knowledge.statements()
    assert set(statements.keys) == set(linked.knowledge.statements().keys) - stands
    assert statements.upper.shape == linked.knowledge.statements().upper.shape
    assert not stands & linked.knowledge.closed(protection.hidden)
    assert not stands & again.knowledge.closed({*protection.hidden, *shown} - stands)


# ------------------------------------------------------------------ small ones, by hand


def three():
    """Three shares of a whole: `a` and `b` are printed; of `c` nothing is."""
    knowledge = Knowledge([0.2, 0.3, 0.5], [0.0] * 3, [1.0] * 3)
    knowledge.equal([0, 1, 2], [1.0] * 3, 1.0)
    knowledge.between([0], [1.0], 0.195, 0.205, "a")
    knowledge.between([1], [1.0], 0.295, 0.305, "b")
    knowledge.goes_along("a", "b")
    return knowledge.statements()


def hide(*keys):
    return np.array([key in keys for key in ("a", "b")])


def test_what_stops_a_share_is_named():
    statements, goal = three(), Goal((2,), (1.0,), 0.1, "c")
    reach = Reach(statements, goal)
    assert not reach.is_open(hide(), True)
    assert reach.proven(hide()) == (pytest.approx(0.49), pytest.approx(0.51))
    assert reach.proven(hide("a")) == (0.0, 1.0)
    # With `b` hidden `c` goes from 0 to 0.805; drawn towards the truth that tells of all choices.
    assert reach.is_open(hide("b"), True)
    assert reach.end(True, hide("b")) == pytest.approx(0.805)
    assert reach.seen(hide("b"))[1] == pytest.approx(0.805)
    assert reach.seen(hide("a"))[1] < 0.52
    assert statements.closed(hide("a")).all()


def test_a_share_that_nothing_limits_is_open():
    knowledge = Knowledge([3.0, 4.0], [-np.inf] * 2, [np.inf] * 2)
    knowledge.equal([0, 1], [-1.0, 0.5], -1.0)
    knowledge.between([0], [1.0], 2.95, 3.05, "a")
    statements, goal = knowledge.statements(), Goal((1,), (1.0,), 0.4, "b")
    reach = Reach(statements, goal)
    everything, nothing = np.array([True]), np.array([False])
    assert not reach.is_open(nothing, True)
    assert reach.is_open(everything, True)
    assert reach.end(True, everything) == np.inf
    assert reach.end(True, nothing) == pytest.approx(4.1)


def test_the_cheapest_that_is_in_the_way_gives_in():
    statements = three()
    push = np.array([0.0, 0.0, 1.0])
    for losses, key in (([1.0, 2.0], "a"), ([2.0, 1.0], "b")):
        found = give_in(statements, push, 0.6, hide(), np.array(losses))
        assert found is not None
        assert (found[0] == hide(key)).all()
        assert found[1][2] >= 0.6 - NEAR
    assert give_in(statements, push, 1.2, hide(), np.ones(2)) is None

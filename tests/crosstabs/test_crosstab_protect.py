"""A hidden number must not follow from the ones shown."""

import numpy as np
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world
from hypothesis import given, settings
from hypothesis import strategies as st
from published_tables import counted
from scipy.optimize import linprog

from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.protect import needed_range
from flows.crosstabs.publish import publish_table
from flows.crosstabs.tables import Flag
from flows.definitions.models import Publication

RULES = Publication()


def hidden(published):
    return np.array(
        [[cell.flag in (Flag.TOO_FEW, Flag.PROTECTED) for cell in row] for row in published.cells]
    )


def test_one_hidden_answer_takes_another_along():
    # 2 of 60 is hidden; 100% less the others would give it.
    table = counted([[2, 200, 200], [8, 200, 200], [50, 200, 200]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].tolist() == [True, True, False]
    assert not mask[:, 1:].any()


def test_two_hidden_answers_may_not_be_small_together():
    table = counted([[1, 200, 200], [2, 200, 200], [20, 200, 200], [60, 200, 200]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].tolist() == [True, True, True, False]


def test_nets_and_mean_that_give_it_away_go_along():
    nets = {"top": ("a1", "a2"), "low": ("a3", "a4"), "most": ("a1", "a2", "a3")}
    table = counted(
        [[2, 200, 200], [10, 200, 200], [18, 200, 200], [60, 200, 200]], nets=nets, mean=True
    )
    published = publish_table(table, RULES)
    gone = {row.code for row, h in zip(published.rows, hidden(published)[:, 0], strict=True) if h}
    # Nets with both hidden answers or with none say nothing that 100% does not say.
    assert gone == {"a1", "a2", "mean"}
    table = counted(
        [[2, 200, 200], [60, 200, 200], [10, 200, 200], [18, 200, 200]], nets=nets, mean=True
    )
    published = publish_table(table, RULES)
    gone = {row.code for row, h in zip(published.rows, hidden(published)[:, 0], strict=True) if h}
    assert gone == {"a1", "a3", "mean", "top", "low"}


def test_a_large_hidden_profile_does_not_follow_from_the_total():
    # Two profiles: the total less the other one gives the hidden one.
    table = counted([[14, 25], [14, 25]])
    published = publish_table(table, RULES)
    assert hidden(published).tolist() == [[True, True, False]] * 2
    assert published.cells[0][0].flag is Flag.TOO_FEW
    assert published.cells[0][1].flag is Flag.PROTECTED


def test_a_small_hidden_profile_in_a_large_sample_needs_no_partner():
    table = counted([[10, 400, 400], [10, 400, 400]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].all()
    assert not mask[:, 1:].any()


def attack(table, published, shares):
    """The widest range for each hidden answer, by a programme written apart."""
    answers = [i for i, row in enumerate(published.rows) if row.kind == "answer"]
    a, g = len(answers), len(shares)
    upper, limit = [], []

    def between(vector, low, high):
        upper.extend([vector, -vector])
        limit.extend([high + 1e-9, -low + 1e-9])

    def vector(column, factors):
        x = np.zeros((a, g))
        if column == len(published.columns) - 1:
            x += np.outer(factors, shares)
        else:
            x[:, column] = factors
        return x.ravel()

    for c in range(len(published.columns)):
        for i, row in enumerate(published.rows):
            cell = published.cells[i][c]
            if cell.flag is Flag.BELOW:
                low, high = 0.0, cell.bound
            elif not cell.shown:
                continue
            else:
                half = 0.05 if row.kind == "mean" else 0.005
                low, high = cell.value - half, cell.value + half
            if row.kind == "mean":
                scores = np.arange(1, a + 1, dtype=float)
                between(vector(c, scores), low, high)
                continue
            members = row.members or (row.code,)
            factors = np.array([published.rows[k].code in members for k in answers], float)
            between(vector(c, factors), low, high)
    equal = np.array([vector(c, np.ones(a)) for c in range(g)])
    ranges = {}
    for k in answers:
        for c in range(g):
            cell = published.cells[k][c]
            if cell.flag in (Flag.TOO_FEW, Flag.PROTECTED) and table.n[c]:
                goal = vector(c, np.eye(a)[k])
                ends = [
                    s
                    * linprog(s * goal, upper or None, limit or None, equal, np.ones(g), (0, 1)).fun
                    for s in (1, -1)
                ]
                ranges[k, c] = ends[1] - ends[0]
    return ranges


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(
        st.lists(st.integers(0, 60), min_size=4, max_size=4), min_size=3, max_size=5
    ).filter(lambda rows: sum(map(sum, rows)) > 1)
)
def test_no_cell_that_had_to_be_hidden_follows_from_the_rest(counts):
    nets = {"top": ("a1", "a2")}
    table = counted(counts, nets=nets, mean=True)
    published = publish_table(table, RULES)
    shares = table.weighted_base[:-1] / table.weighted_base[-1]
    for (k, c), width in attack(table, published, shares).items():
        must = table.n[c] < 30 or (table.n[c] < 100 and 1 <= table.count[k, c] <= 4)
        if must:
            assert width > needed_range(int(table.n[c]))


def test_a_hidden_mean_of_a_number_takes_another_along():
    made = world(120, seed=5, untyped=0.0)
    table = crosstab(made.frame, QUESTIONNAIRE, ["N"], made.profile, PROFILES, np.ones(120))[0]
    assert (table.n < 30).sum() >= 1
    mask = hidden(publish_table(table, RULES))[0]
    assert mask[table.n < 30].all()
    if (table.n[:-1] < 30).sum() == 1:
        assert mask[:-1].sum() >= 2


@pytest.mark.parametrize("seed", range(4))
def test_dont_know_of_a_hidden_profile_does_not_follow(seed):
    made = world(90, seed=seed, untyped=0.0)
    table = crosstab(made.frame, QUESTIONNAIRE, ["S1"], made.profile, PROFILES, np.ones(90))[0]
    gone = [
        cell.flag in (Flag.TOO_FEW, Flag.PROTECTED)
        for cell in publish_table(table, RULES).dont_know
    ]
    assert all(g for g, n in zip(gone, table.n, strict=True) if n < 30)
    assert sum(gone) != 1

"""A hidden number must not follow from all that is shown, in whatever table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world
from disclosure_world import ANSWERS, Attack, asked, edition, in_column, people
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from published_tables import counted

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.disclosure.edition import Protection, Reason, protect
from flows.crosstabs.disclosure.placed import hidden_by_size
from flows.crosstabs.publish import HIDDEN, publish, publish_table, published_tables
from flows.crosstabs.tables import Flag
from flows.definitions.dossier_plan import Publication
from flows.definitions.questions import Base

RULES = Publication()
PROFILE, AGE, BOTH = ("profile",), ("age",), ("profile", "age")


def hidden(published):
    return np.array([[cell.flag in HIDDEN for cell in row] for row in published.cells])


def rows_hidden(published, column):
    return {
        row.code
        for row, gone in zip(published.rows, hidden(published)[:, column], strict=True)
        if gone
    }


def by_size_alone(tables):
    """What would be published if only the rules of size hid anything."""
    whole = protect(tables, RULES)
    reasons = {key: Reason(rule) for key, rule in hidden_by_size(whole.placed).items()}
    return published_tables(Protection(whole.placed, reasons, {}), RULES)


def solved(frame, published, special=False):
    attack = Attack(frame, list(published))
    return [
        found
        for table in published
        if table.identity.question == "Q"
        for found in attack.solved(table, special)
    ]


# ------------------------------------------------------------------ the attack, at random


@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(
    seed=st.integers(0, 100_000),
    n=st.sampled_from([40, 90, 150]),
    skew=st.sampled_from([0.3, 1.4]),
    unplaced=st.sampled_from([0.0, 0.05]),
    axes=st.sampled_from([(PROFILE,), (PROFILE, AGE), (BOTH,), (AGE, ("profile", "sex"))]),
    only=st.sampled_from([None, "m", "v"]),
    follow=st.booleans(),
    special=st.sampled_from(["none", "political"]),
)
def test_nothing_that_must_be_hidden_follows(seed, n, skew, unplaced, axes, only, follow, special):
    frame = people(n, seed, skew, unplaced)
    only = None if "sex" in axes[-1] else only
    published = publish(edition(frame, axes, only, follow, special), RULES)
    assert solved(frame, published.tables, special != "none") == []
    assert published.notes == ()


def test_the_attack_would_find_a_leak():
    """The rules of size alone are broken in most of the worlds above."""
    broken = 0
    for seed in range(4):
        frame = people(90, seed, 1.4)
        broken += bool(solved(frame, by_size_alone(edition(frame, (PROFILE,)))))
    assert broken >= 3


# ------------------------------------------------------------------ leaks, one by one


def frame_of(counts, sex=None, age=None):
    """People by (profile, answer) -> how many; equal weights."""
    frame = people(sum(counts.values()), 1)
    profile, answer = [], []
    for (p, a), k in counts.items():
        profile += [p] * k
        answer += [a] * k
    frame["profile"], frame["Q"], frame["weight"] = profile, answer, 1.0
    frame["R"] = np.where(frame["Q"] == "a1", "ja", "not_asked")
    frame["age"] = "x" if age is None else age
    frame["sex"] = "m" if sex is None else sex
    return frame


SMALL = {("p0", "a1"): 3, ("p0", "a2"): 20, ("p0", "a3"): 30, ("p0", "a4"): 27}
LARGE = {(p, a): 300 for p in ("p1", "p2") for a in ANSWERS}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("100% less the others, net less member", SMALL | LARGE),
        ("total less others", {(p, a): k for p, k in [("p0", 7), ("p1", 20)] for a in ANSWERS}),
    ],
)
def test_a_leak_inside_a_table_is_closed(name, counts):
    frame = frame_of(counts)
    tables = edition(frame, (PROFILE,))
    assert solved(frame, by_size_alone(tables)), name
    assert solved(frame, publish(tables, RULES).tables) == []


def test_all_less_the_women_are_no_few_men():
    counts = {("p0", a): 22 for a in ANSWERS} | {("p0", "a1"): 30}
    frame = frame_of(counts)
    frame["sex"] = ["m" if i % 8 == 0 else "v" for i in range(len(frame))]
    tables = edition(frame, (), only="v")
    attack = Attack(frame, list(by_size_alone(tables)))
    men = (attack.cells["sex"] == "m").to_numpy().astype(float)
    weight = float(attack.frame["weight"][attack.frame["sex"] == "m"].sum())
    n = int((attack.frame["sex"] == "m").sum())
    assert n < 30

    def widths(published):
        attack = Attack(frame, list(published))
        return [np.subtract(*attack.bounds(men, (a,), weight)[::-1]) for a in ANSWERS]

    need = max(0.1, 3 / n)
    assert min(widths(by_size_alone(tables))) <= need
    assert min(widths(publish(tables, RULES).tables)) > need


def test_the_same_number_in_two_tables_is_one_number():
    frame = frame_of(SMALL | LARGE, age=["x" if i % 2 else "y" for i in range(2480)])
    frame.loc[frame["profile"] == "p0", "age"] = "x"
    tables = [*edition(frame, (PROFILE,)), *edition(frame, (PROFILE, AGE))]
    # Each table by itself may hide another partner; together they hide the same.
    one, other = publish(tables, RULES).tables
    place = [other.columns.index(column) for column in one.columns]
    assert (hidden(other)[:, place] == hidden(one)).all()
    assert solved(frame, (one, other)) == []


def test_nested_columns_do_not_give_a_hidden_one_away():
    frame = people(150, 3, 1.4)
    tables = edition(frame, (AGE, BOTH))
    assert solved(frame, by_size_alone(tables))
    assert solved(frame, publish(tables, RULES).tables) == []


def test_a_mean_of_two_options_is_the_share():
    table = counted([[3, 200, 200], [57, 200, 200]], mean=True)
    published = publish_table(table, RULES)
    assert rows_hidden(published, 0) == {"a1", "a2", "mean"}
    # With the total and the other columns shown, their means alone would tell it.
    assert hidden(published)[:, 1:].sum() <= 3


def test_a_score_of_hidden_nets_is_hidden():
    frame = frame_of({("p0", a): k for a, k in zip(ANSWERS, (2, 1, 30, 30), strict=True)} | LARGE)
    published = publish(edition(frame, (PROFILE,)), RULES).tables[0]
    gone = rows_hidden(published, 0)
    # The net of 3 of 63 is hidden, so its score may not tell it beside the other net.
    assert "top" in gone
    assert "saldo" in gone or "low" in gone
    assert solved(frame, [published]) == []


def test_rounding_is_taken_into_account():
    """A tiny profile in a large total is kept by rounding alone; in a small one it is not."""
    large = counted([[a, 4000, 4000] for a in (10, 18)])
    small = counted([[a, 30, 30] for a in (10, 18)])
    assert not hidden(publish_table(large, RULES))[:, 1:].any()
    assert hidden(publish_table(small, RULES))[:, 1:].any()


def test_special_questions_hide_nobody_and_everybody():
    counts = {("p0", a): k for a, k in zip(ANSWERS, (0, 20, 20, 20), strict=True)} | LARGE
    frame = frame_of(counts)
    tables = edition(frame, (PROFILE,), special="political")
    assert solved(frame, by_size_alone(tables), special=True)
    published = publish(tables, RULES)
    assert published.tables[0].cell("a1", "p0").flag is Flag.PROTECTED
    assert solved(frame, published.tables, special=True) == []


# ------------------------------------------------------------------ numbers of participants


def test_the_base_of_a_question_does_not_count_a_hidden_answer():
    frame = frame_of(SMALL | LARGE)
    tables = edition(frame, (PROFILE,), follow=True)
    published = publish(tables, RULES).tables
    assert solved(frame, published) == []
    follow = published[1]
    assert follow.n[0] is None
    assert follow.n_eff[0] is None
    # Its partner too, or 2,480 less the others gives it; the total stays.
    assert [n is None for n in follow.n].count(True) >= 2
    assert follow.n[-1] == 603
    shown = list(published)
    shown[1] = replace(follow, n=(3, *follow.n[1:]))
    assert solved(frame, shown)


def test_a_base_that_counts_nothing_hidden_is_shown():
    counts = {("p0", a): 40 for a in ANSWERS} | LARGE
    published = publish(edition(frame_of(counts), (PROFILE,), follow=True), RULES).tables
    assert published[1].n == (40, 300, 300, 640)


def test_columns_of_a_tabulated_question_count_its_answers():
    """A column `Q:a1` of another table has as many people as gave that answer."""
    frame = frame_of(SMALL | LARGE)
    one = edition(frame, (PROFILE,))[0]
    other = edition(frame, (PROFILE,))[0]
    identity = replace(other.identity, question="Z", number="Z", filter=(("Q", ("a1",)),))
    count = [
        int(((frame["profile"] == p) & (frame["Q"] == "a1")).sum()) for p in ("p0", "p1", "p2")
    ]
    n = np.array([*count, sum(count)])
    filtered = replace(other, identity=identity, n=n, asked=n, weighted_base=n.astype(float))
    published = publish([one, filtered], RULES).tables
    assert published[0].cell("a1", "p0").flag is Flag.PROTECTED
    assert published[1].n[0] is None
    assert published[1].n[-1] == 603


# ------------------------------------------------------------------ files published before


def test_what_an_earlier_file_shows_is_told():
    frame = frame_of(SMALL | LARGE)
    tables = edition(frame, (PROFILE,))
    earlier = by_size_alone(tables)
    shown = replace(
        earlier[0],
        cells=tuple(
            tuple(
                replace(cell, value=0.04, flag=Flag.NONE) if (r, c) == (0, 0) else cell
                for c, cell in enumerate(line)
            )
            for r, line in enumerate(earlier[0].cells)
        ),
    )
    published = publish(tables, RULES, earlier=[shown])
    assert published.tables[0].cell("a1", "p0").flag is Flag.PROTECTED
    assert len(published.notes) == 1
    assert "Q, p0: a1 is hidden but follows" in published.notes[0]
    assert publish(tables, RULES).notes == ()


def test_the_partners_of_an_earlier_edition_stay_hidden():
    """The same answers again: hiding another partner now would give both away."""
    frame = frame_of(SMALL | LARGE)
    tables = edition(frame, (PROFILE,))
    first = publish(tables, RULES)
    again = publish(tables, RULES, earlier=first.tables)
    assert again.notes == ()
    assert (hidden(again.tables[0]) == hidden(first.tables[0])).all()


def two_editions(answers_of_new):
    old = frame_of({("p0", a): 15 for a in ANSWERS} | LARGE)
    new = old.iloc[[0] * len(answers_of_new)].assign(Q=answers_of_new)
    return old, pd.concat([old, new], ignore_index=True)


def test_a_difference_with_an_earlier_edition_isolates_nobody():
    old, now = two_editions(["a1", "a1"])
    before = publish(edition(old, (PROFILE,)), RULES)
    assert before.hidden_cells == 0
    tables = edition(now, (PROFILE,))
    assert publish(tables, RULES).hidden_cells == 0
    after = publish(tables, RULES, earlier=before.tables)

    def range_of_two(published, answer):
        """What both files say of how many of the two gave an answer."""
        then = before.tables[0].cell(answer, "p0").value
        cell = published.tables[0].cell(answer, "p0")
        low, high = (cell.value - 0.005, cell.value + 0.005) if cell.shown else (0.0, 1.0)
        few = (62 * low - 60 * (then + 0.005)) / 2, (62 * high - 60 * (then - 0.005)) / 2
        return min(few[1], 1.0) - max(few[0], 0.0)

    assert min(range_of_two(publish(tables, RULES), a) for a in ANSWERS) <= 0.9
    assert all(range_of_two(after, a) > 0.9 for a in ANSWERS) or after.notes


def test_an_edition_of_many_more_people_hides_nothing_for_the_sake_of_the_old_one():
    old = frame_of({("p0", a): 60 for a in ANSWERS} | LARGE)
    now = frame_of({("p0", a): 90 for a in ANSWERS} | LARGE)
    before = publish(edition(old, (PROFILE,)), RULES)
    after = publish(edition(now, (PROFILE,)), RULES, earlier=before.tables)
    assert after.hidden_cells == 0
    assert after.notes == ()


# ------------------------------------------------------------------ which cells go


def test_one_hidden_answer_takes_another_along():
    # 2 of 60 is hidden; 100% less the others would give it.
    table = counted([[2, 200, 200], [8, 200, 200], [50, 200, 200]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].tolist() == [True, True, False]
    assert mask[:, 1:].sum() <= 1


def test_two_hidden_answers_may_not_be_small_together():
    table = counted([[1, 200, 200], [2, 200, 200], [20, 200, 200], [60, 200, 200]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].tolist() == [True, True, True, False]


def test_the_partner_is_the_one_that_costs_least():
    nets = {"top": ("a1", "a2"), "low": ("a3", "a4"), "most": ("a1", "a2", "a3")}
    table = counted(
        [[2, 200, 200], [60, 200, 200], [10, 200, 200], [18, 200, 200]], nets=nets, mean=True
    )
    # With a2 the nets stay, as both hidden answers are in them; a3 would take two along.
    assert rows_hidden(publish_table(table, RULES), 0) == {"a1", "a2", "mean"}


def test_a_small_hidden_profile_in_a_large_sample_needs_no_partner():
    table = counted([[10, 4000, 4000], [10, 4000, 4000]])
    mask = hidden(publish_table(table, RULES))
    assert mask[:, 0].all()
    assert not mask[:, 1:].any()


def test_a_hidden_mean_of_a_number_takes_another_along():
    made = world(120, seed=5, untyped=0.0)
    banner = profile_banner(made.profile, PROFILES, 120)
    table = crosstab(made.frame, QUESTIONNAIRE, ["N"], banner, np.ones(120))[0]
    assert (table.n < 30).sum() >= 1
    mask = hidden(publish_table(table, RULES))[0]
    assert mask[table.n < 30].all()
    if (table.n[:-1] < 30).sum() == 1:
        assert mask.sum() >= 2


@pytest.mark.parametrize("seed", range(4))
def test_dont_know_of_a_hidden_profile_does_not_follow(seed):
    made = world(90, seed=seed, untyped=0.0)
    banner = profile_banner(made.profile, PROFILES, 90)
    table = crosstab(made.frame, QUESTIONNAIRE, ["S1"], banner, np.ones(90))[0]
    gone = [cell.flag in HIDDEN for cell in publish_table(table, RULES).dont_know]
    assert all(g for g, n in zip(gone, table.n, strict=True) if n < 30)
    assert sum(gone) != 1


def test_every_kind_of_table_can_be_protected():
    """All question types at sizes where much is hidden; rules of size hold in each."""
    made = world(140, seed=2)
    banner = profile_banner(made.profile, PROFILES, 140)
    tables = crosstab(
        made.frame, QUESTIONNAIRE, [q.code for q in QUESTIONNAIRE.questions], banner, made.weights
    )
    tables = [
        asked(t, base=Base(question="S1", options=("4", "5"), nl="x"))
        if t.identity.question == "S2"
        else t
        for t in tables
    ]
    result = publish(tables, RULES)
    for table, published in zip(tables, result.tables, strict=True):
        assert hidden(published)[:, table.n < 30].all()
    assert 0 < result.hidden_cells < result.cells


def test_in_column_counts_as_the_tables_do():
    frame = people(200, 8)
    table = edition(frame, (PROFILE, AGE, BOTH), only="m")[1]
    kept = frame["Q"].isin(ANSWERS).to_numpy()
    for c, column in enumerate(table.columns):
        assert (in_column(frame, table, column) & kept).sum() == table.n[c]

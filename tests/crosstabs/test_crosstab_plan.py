"""What a fieldwork will be able to tell, against fieldworks that were really drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crosstab_world import question

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.cells import cells_frame
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.plan import plan_fieldwork
from flows.crosstabs.tables import Table
from flows.definitions.dossier_plan import Publication
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType

CODES = ("pa", "pb", "pc")
SHARES = (0.6, 0.33, 0.07)
RULES = Publication()
ASKED = tuple(
    question(
        f"Q{i}",
        QuestionType.SINGLE,
        options=(Option(code="1", nl="ja"), Option(code="0", nl="nee")),
    )
    for i in range(6)
)


def fieldwork(rng: np.random.Generator, n: int) -> tuple[Table, ...]:
    """A wave of n people with unequal weights; the last question is asked of a quarter."""
    profile = rng.choice(3, n, p=SHARES)
    weights = np.exp(0.4 * rng.normal(size=n))
    columns = {}
    for i, each in enumerate(ASKED):
        codes = np.where(rng.random(n) < 0.3 + 0.05 * i, 0, 1)
        if i == len(ASKED) - 1:
            codes = np.where(rng.random(n) < 0.25, codes, 2 + MISSING_CODES.index(".not_asked"))
        columns[each.code] = pd.Categorical.from_codes(codes, ["1", "0", *MISSING_CODES])
    banner = profile_banner(np.array(CODES)[profile], CODES, n)
    return crosstab(pd.DataFrame(columns), Questionnaire(questions=ASKED), ASKED, banner, weights)


def test_expectations_hold_in_fieldworks_that_are_drawn() -> None:
    rng = np.random.default_rng(4)
    plan = plan_fieldwork(cells_frame(fieldwork(rng, 4000)), 4000, 900, RULES)
    drawn = [fieldwork(rng, 900) for _ in range(60)]
    for place, profile in enumerate(plan.profiles[:3]):
        n = np.array([tables[0].n[place] for tables in drawn])
        assert profile.n == pytest.approx(n.mean(), rel=0.14)
        assert ((profile.n_low <= n) & (n <= profile.n_high)).mean() >= 0.85
        n_eff = np.mean([tables[0].n_eff[place] for tables in drawn])
        assert profile.n_eff == pytest.approx(n_eff, rel=0.14)
        wide = [
            1.96 * table.standard_error[0, place] * 0.5 / np.sqrt(p * (1 - p))
            for tables in drawn
            for table in tables[:5]
            if 0.1 < (p := table.estimate[0, place]) < 0.9
        ]
        assert profile.margin == pytest.approx(np.median(wide), rel=0.1)
        shown = np.mean([table.n[place] >= 30 for tables in drawn for table in tables])
        assert profile.tables == pytest.approx(shown, abs=0.04)
    hidden = [
        np.mean(
            [
                (n < 30) or (1 <= k <= 4 and n < 100)
                for table in tables
                for n, counts in zip(table.n[:3], table.count[:, :3].T, strict=True)
                for k in counts
            ]
        )
        for tables in drawn
    ]
    assert plan.cells == pytest.approx(np.mean(hidden), abs=0.02)


def test_the_difference_named_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(5)
    plan = plan_fieldwork(cells_frame(fieldwork(rng, 4000)), 4000, 1200, RULES)
    difference = plan.profiles[1].difference
    assert plan.profiles[1].difference_corrected > difference
    found = []
    n = 1200
    for _ in range(150):
        profile = rng.choice(3, n, p=SHARES)
        yes = rng.random(n) < np.where(profile == 1, 0.5 + difference / 2, 0.5 - difference / 2)
        frame = pd.DataFrame(
            {"Q0": pd.Categorical.from_codes(np.where(yes, 0, 1), ["1", "0", *MISSING_CODES])}
        )
        banner = profile_banner(np.array(CODES)[profile], CODES, n)
        weights = np.exp(0.4 * rng.normal(size=n))
        (table,) = crosstab(frame, Questionnaire(questions=ASKED), ASKED[:1], banner, weights)
        found.append(table.p_value[0, 1] < RULES.alpha)
    assert np.mean(found) == pytest.approx(0.8, abs=0.11)


def test_enough_is_the_smallest_number_that_is() -> None:
    cells = cells_frame(fieldwork(np.random.default_rng(6), 3000))
    enough = plan_fieldwork(cells, 3000, 100, RULES).enough
    assert enough is not None
    assert plan_fieldwork(cells, 3000, enough, RULES).whole_tables > 0.94
    fewer = plan_fieldwork(cells, 3000, enough // 2, RULES)
    assert fewer.whole_tables < 0.9
    assert fewer.cells > plan_fieldwork(cells, 3000, enough, RULES).cells


def test_a_profile_nobody_has_is_never_enough() -> None:
    tables = fieldwork(np.random.default_rng(7), 500)
    cells = cells_frame(tables)
    cells.loc[cells["column"] == "pc", ["n", "n_eff", "asked", "count"]] = 0
    plan = plan_fieldwork(cells, 500, 1000, RULES)
    assert plan.enough is None
    assert plan.profiles[2].tables == 0.0


def test_tables_by_something_else_say_nothing_about_profiles() -> None:
    tables = fieldwork(np.random.default_rng(9), 800)
    cells = cells_frame(tables)
    other = cells[cells["column"] == "total"].assign(table="Q0-leeftijd")
    more = pd.concat([cells, other, other.assign(column="age:1")], ignore_index=True)
    assert plan_fieldwork(more, 800, 500, RULES) == plan_fieldwork(cells, 800, 500, RULES)


def test_a_handful_of_people_shows_nothing_at_all() -> None:
    cells = cells_frame(fieldwork(np.random.default_rng(10), 800))
    assert plan_fieldwork(cells, 800, 20, RULES).profiles[-1].tables < 0.05


def test_what_cannot_be_planned_is_refused() -> None:
    cells = cells_frame(fieldwork(np.random.default_rng(8), 200))
    with pytest.raises(CrosstabError, match="at least 1"):
        plan_fieldwork(cells, 200, 0, RULES)
    with pytest.raises(CrosstabError, match="process one first"):
        plan_fieldwork(cells.iloc[:0], 200, 100, RULES)

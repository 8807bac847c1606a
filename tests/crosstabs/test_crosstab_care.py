"""Local and special variables bring their rules along, as columns, filters and bases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from disclosure_world import Attack, asked, edition, people
from support import explained

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.dry_run import dry_run
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL, Flag
from flows.crosstabs.theme_tables import care_of
from flows.definitions import load_survey
from flows.definitions.models import Derived, Level, Publication, SurveyInfo

RULES = Publication()
LOCAL, SPECIAL = Care(local=frozenset({"age"})), Care(special=frozenset({"age"}))


def world(few: int, n: int = 150) -> pd.DataFrame:
    """`few` of the n people of age x said a1; everybody else of both ages says all answers."""
    frame = people(1200, 5, 0.0)
    frame["weight"] = 1.0
    young = np.flatnonzero(frame["age"] == "x")
    keep = np.concatenate([young[:n], np.flatnonzero(frame["age"] == "y")])
    rest = ["a2", "a3", "a4"] * n
    frame.loc[young[:n], "Q"] = (["a1"] * few + rest)[:n]
    return frame.loc[np.sort(keep)].reset_index(drop=True)


def flag(published, column: str, table: int = 0) -> Flag:
    return published.tables[table].cell("a1", column).flag


def test_an_axis_of_places_tells_no_answer_of_a_few_persons() -> None:
    tables = edition(world(3), (("profile",), ("age",)))
    assert flag(publish(tables, RULES), "age:x") is Flag.BELOW
    published = publish(tables, RULES, care=LOCAL)
    assert flag(published, "age:x") is Flag.PROTECTED
    line = [row[published.tables[0].columns.index("age:x")] for row in published.tables[0].cells]
    assert sum(cell.flag is Flag.PROTECTED for cell in line) >= 2


def test_a_nested_axis_and_a_filter_of_places_are_local() -> None:
    frame = world(9, 450)
    nested = edition(frame, (("profile", "age"),))[0]
    c = nested.columns.index("p0*age:x")
    few = int(nested.count[0, c])
    assert 1 <= few <= 4
    assert nested.n[c] >= 100
    assert flag(publish([nested], RULES), "p0*age:x") is Flag.BELOW
    assert flag(publish([nested], RULES, care=LOCAL), "p0*age:x") is Flag.PROTECTED
    filtered = asked(edition(world(3), ())[0], filter=(("age", ("x",)),))
    inside = replace(filtered, n=np.array([150]), count=filtered.count.clip(max=3))
    assert flag(publish([inside], RULES), TOTAL) is Flag.BELOW
    assert flag(publish([inside], RULES, care=LOCAL), TOTAL) is Flag.PROTECTED
    elsewhere = Care(local=frozenset({"sex"}))
    assert flag(publish([inside], RULES, care=elsewhere), TOTAL) is Flag.BELOW


@pytest.mark.parametrize("few", [0, 80])
def test_nobody_and_everybody_in_a_special_group_are_hidden(few: int) -> None:
    tables = edition(world(few, 80), (("age",),))
    assert flag(publish(tables, RULES), "age:x") is Flag.NONE
    published = publish(tables, RULES, care=SPECIAL)
    assert flag(published, "age:x") is Flag.PROTECTED
    assert flag(published, "age:y") is not Flag.TOO_FEW
    assert any(cell.rule.value == "special" for cell in dry_run(tables, RULES, care=SPECIAL).hidden)


def test_a_large_special_group_may_be_of_one_mind() -> None:
    tables = edition(world(0, 150), (("age",),))
    assert flag(publish(tables, RULES, care=SPECIAL), "age:x") is Flag.NONE


@pytest.mark.parametrize("how", ["filter", "base"])
def test_a_filter_that_is_special_makes_the_table_so(how: str) -> None:
    frame = world(0, 80)
    table = edition(frame[frame["age"] == "x"].reset_index(drop=True), ())[0]
    whole = flag(publish([table], RULES, care=SPECIAL), TOTAL)
    assert whole is Flag.NONE
    if how == "filter":
        about = asked(table, filter=(("age", ("x",)),))
    else:
        base = edition(frame, (), follow=True)[1].identity.base
        about = asked(table, base=base.model_copy(update={"question": "age"}))
    assert flag(publish([about], RULES, care=SPECIAL), TOTAL) is Flag.PROTECTED


def test_what_is_derived_in_steps_is_found(tmp_path: Path) -> None:
    survey = load_survey(explained.write_survey(tmp_path))
    asks = survey.questionnaire
    text = asks.questions[0].text
    level = Level(code="a", nl="a", options=("1",))

    def recode(code: str, of: str) -> Derived:
        return Derived(code=code, text=text, kind="recode", of=(of,), levels=(level,))

    steps = (recode("wijk", "G"), recode("streek", "wijk"))
    cross = Derived(code="both", text=text, kind="cross", of=("jong", "streek"))
    made = asks.model_copy(
        update={
            "derived": (cross, *steps[::-1], *asks.derived),
            "questions": tuple(
                q.model_copy(update={"special": "political"}) if q.code == "L" else q
                for q in asks.questions
            ),
        }
    )
    info = survey.info.model_copy(update={"places": {"municipality": "G"}})
    care = care_of(survey.model_copy(update={"questionnaire": made, "info": info}))
    assert care.local == {"G", "wijk", "streek", "both"}
    assert {"L", "jong", "both"} <= care.special
    assert "G" not in care.special
    assert not care.everywhere
    local = SurveyInfo.model_validate(info.model_dump() | {"role": "consultation"})
    assert care_of(survey.model_copy(update={"info": local})).everywhere


def test_a_table_beside_a_dossier_does_not_solve_what_that_hides() -> None:
    """The dossier has profiles and ages; the new table nests them, and shows the dossier's gap."""
    frame = people(900, 12, 0.9)
    small = frame[frame["profile"] == "p2"].index[20:]
    frame = frame.drop(small).reset_index(drop=True)
    dossier = edition(frame, (("profile",),))
    told = publish(dossier, RULES).tables
    new = edition(frame, (("age",), ("profile", "age")))
    for beside, safe in (((), False), (tuple(zip(dossier, told, strict=True)), True)):
        published = publish(new, RULES, beside=beside)
        assert len(published.tables) == len(new)
        assert published.notes == ()
        attack = Attack(frame, [*told, *published.tables])
        leaks = [x for t in (*told, *published.tables) for x in attack.solved(t)]
        assert (leaks == []) is safe

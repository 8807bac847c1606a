"""Local and special variables bring their rules along, as columns, filters and bases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

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
from flows.definitions.dossier_plan import Publication
from flows.definitions.options import Missing
from flows.definitions.questionnaire import Derived, Level
from flows.definitions.waves import SurveyInfo

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


# ------------------------------------------------------------------ beside a dossier that stands


@pytest.fixture(scope="module")
def dossier() -> SimpleNamespace:
    """A dossier by profile that hides a small one, and the people it is about."""
    frame = people(900, 12, 0.9)
    frame = frame.drop(frame[frame["profile"] == "p2"].index[20:]).reset_index(drop=True)
    tables = edition(frame, (("profile",),))
    return SimpleNamespace(frame=frame, tables=tables, told=publish(tables, RULES).tables)


def beside(dossier: SimpleNamespace) -> tuple:
    return tuple(zip(dossier.tables, dossier.told, strict=True))


def test_a_table_beside_a_dossier_does_not_solve_what_that_hides(dossier: SimpleNamespace) -> None:
    """The dossier has profiles and ages; the new table nests them, and shows the dossier's gap."""
    new = edition(dossier.frame, (("age",), ("profile", "age")))
    for files, safe in (((), False), (beside(dossier), True)):
        published = publish(new, RULES, beside=files)
        assert len(published.tables) == len(new)
        # How few of a profile have no opinion is in the dossier, so of a part of it as well.
        assert all("no opinion" in note for note in published.notes)
        attack = Attack(dossier.frame, [*dossier.told, *published.tables])
        leaks = [x for t in (*dossier.told, *published.tables) for x in attack.solved(t)]
        assert (leaks == []) is safe


def few_of_a_large_profile(code: str) -> pd.DataFrame:
    """3 of the 500 people of p0 said `code`, and all of them are among its 60 of age x."""
    frame = people(1200, 5, 0.0)
    frame["weight"] = 1.0
    frame["profile"] = np.where(np.arange(1200) < 500, "p0", "p1")
    frame["age"] = np.where((np.arange(1200) < 60) | (np.arange(1200) > 700), "x", "y")
    frame["Q"] = np.resize(["a2", "a3", "a4"], 1200)
    frame.loc[[0, 1, 2, *range(800, 900)], "Q"] = code
    return frame


def test_no_opinion_that_a_dossier_gives_away_is_told() -> None:
    """It is protected in the table by itself, and a note says that both together tell it."""
    frame = few_of_a_large_profile(Missing.DONT_KNOW.code)
    tables = edition(frame, (("profile",),))
    told = publish(tables, RULES).tables
    assert told[0].dont_know[0].flag is Flag.BELOW
    new = edition(frame, (("profile",), ("profile", "age")))
    place = new[0].columns.index("p0")
    alone = publish(new, RULES)
    assert alone.notes == ()
    assert alone.tables[0].dont_know[place].flag is Flag.PROTECTED
    published = publish(new, RULES, beside=[(tables[0], told[0])])
    assert published.tables[0].dont_know == alone.tables[0].dont_know
    assert ["age:x*p0: no opinion" in note for note in published.notes].count(True) == 1


def test_what_a_dossier_tells_of_a_whole_it_tells_of_each_part() -> None:
    """Of 500 less than 1% said a1, so of 60 of them no more than 5 did: nothing mends that."""
    frame = few_of_a_large_profile("a1")
    tables = edition(frame, (("profile",),))
    told = publish(tables, RULES).tables
    assert flag(publish(tables, RULES), "p0") is Flag.BELOW
    new = edition(frame, (("profile", "age"),))
    published = publish(new, RULES, beside=[(tables[0], told[0])])
    assert flag(published, "p0*age:x") is Flag.PROTECTED
    assert [note for note in published.notes if "a1 is hidden but follows" in note]
    attack = Attack(frame, list(told))
    who = attack._who(new[0], "p0*age:x").astype(float)
    inside = (frame["profile"] == "p0") & (frame["age"] == "x")
    attack._equals(who, float(inside.sum()) / len(frame))
    low, high = attack.bounds(who, ("a1",), float(inside.sum()) / len(frame))
    # From the dossier and the size of the group alone.
    assert high - low <= 0.1

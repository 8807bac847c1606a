"""The tables that dossier.yaml asks for: axes beside the profiles, and tables of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import explained

from flows.crosstabs.cells import cells_frame
from flows.crosstabs.tables import Table
from flows.crosstabs.theme_tables import filter_text, stored_tables, theme_tables
from flows.definitions import Survey, load_survey

PLAN = """
    banner: [profile, jong, [profile, jong]]
    tables:
      - code: vrouwen
        title: {nl: Alleen vrouwen, en: Women only}
        questions: [W01, W04]
        banner: [profile]
        filter: {G: ["2"]}
"""


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    folder = explained.write_survey(tmp_path)
    plan = folder / "dossier.yaml"
    plan.write_text(plan.read_text("utf-8").rstrip() + PLAN, "utf-8")
    return load_survey(folder)


@pytest.fixture
def people() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    answers, profile = explained.answers()
    weights = np.exp(0.3 * np.random.default_rng(2).normal(size=len(answers)))
    return answers, profile, weights / weights.mean()


@pytest.fixture
def tables(survey: Survey, people: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> dict[str, Table]:
    answers, profile, weights = people
    made = theme_tables(survey, "w1", "wijk", answers, profile, weights)
    return {table.identity.number: table for table in made}


def test_every_table_has_all_axes_and_own_tables_their_own(tables: dict[str, Table]) -> None:
    assert list(tables)[:4] == ["W01", "W02", "W03", "W04"]
    assert list(tables)[-2:] == ["W01-vrouwen", "W04-vrouwen"]
    nested = [
        f"{profile}*jong:{level}" for profile in explained.PROFILES for level in ("ja", "nee")
    ]
    assert list(tables["W02"].columns) == [
        *explained.PROFILES, "jong:ja", "jong:nee", *nested, "total"
    ]  # fmt: skip
    assert list(tables["W01-vrouwen"].columns) == [*explained.PROFILES, "total"]


def test_a_filter_counts_only_whom_it_names(
    tables: dict[str, Table], people: tuple[pd.DataFrame, np.ndarray, np.ndarray]
) -> None:
    answers, profile, weights = people
    table = tables["W01-vrouwen"]
    for place, code in enumerate(explained.PROFILES):
        inside = (answers["G"] == "2") & (profile == code) & answers["W01"].isin(list("12345"))
        agree = answers.loc[inside, "W01"].isin(["1", "2"])
        expected = np.average(agree, weights=weights[inside])
        assert table.estimate[table.row("eens"), place] == pytest.approx(expected, rel=1e-12)
        assert table.n[place] == inside.sum()
    assert table.identity.filter == (("G", ("2",)),)
    assert table.identity.base_text is not None
    assert table.identity.base_text["nl"] == "Geslacht: Vrouw"
    asked = tables["W04-vrouwen"].identity.base_text
    assert asked is not None
    assert asked["en"] == "women; Gender: Woman"


def test_stored_tables_come_back_as_they_were(survey: Survey, tables: dict[str, Table]) -> None:
    again = stored_tables(cells_frame(tables.values()), survey, "wijk")
    assert [table.identity for table in again] == [table.identity for table in tables.values()]
    for one, other in zip(tables.values(), again, strict=True):
        np.testing.assert_array_equal(one.estimate, other.estimate)
        assert one.columns == other.columns


def test_several_conditions_are_all_in_the_words(survey: Survey) -> None:
    words = filter_text(survey, {"G": ["1", "2"], "profile": ["rood"]})
    assert words is not None
    assert words["nl"] == "Geslacht: Man of Vrouw; Profiel: Rode profiel"
    assert filter_text(survey, {}) is None

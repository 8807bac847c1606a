"""A trend in words: the page and the table for people, in Dutch and English."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL
from flows.crosstabs.trend import texts
from flows.crosstabs.trend.breaks import Break
from flows.crosstabs.trend.changes import Trend, TrendWave, compare_waves
from flows.crosstabs.trend.figures import Told, rows_of
from flows.crosstabs.trend.groups import Naive
from flows.crosstabs.trend.page import page_of, report_of
from flows.crosstabs.trend.publish import PublishedTrend, publish_trend
from flows.crosstabs.trend.readable import readable_rows
from flows.definitions import load_survey
from flows.definitions.models import Language, Text

CODES, THEME = ["S1", "G", "M", "N", "O"], "betrokkenheid"
Made = tuple[Told, Trend, PublishedTrend]


@pytest.fixture(scope="module")
def made(surveys: Path) -> Made:
    """Two waves in a survey of the house, whose second asks a question in other words."""
    survey = load_survey(surveys / "staat_van_betrokkenheid")
    rules = survey.dossier.publication
    sides, shown = [], []
    for code, n, seed in (("w2024", 700, 1), ("w2026", 900, 2)):
        people = world(n, seed)
        answers = people.frame
        if seed == 2:  # most changed their minds about one question
            answers = answers.assign(S1=answers["S1"].cat.rename_categories({"1": "5", "5": "1"}))
            answers["S1"] = answers["S1"].cat.reorder_categories(people.frame["S1"].cat.categories)
        banner = profile_banner(people.profile, PROFILES, n)
        names = [f"{i + (code == 'w2026') * 400}" for i in range(n)]
        made = (banner, people.weights)
        sides.append(
            TrendWave(code, answers, QUESTIONNAIRE, *made, names, people.margins)  # type: ignore[arg-type]
        )
        tables = crosstab(answers, QUESTIONNAIRE, CODES, *made, people.margins)
        shown.append({t.identity.number: t for t in publish(tables, rules).tables})
    trend = compare_waves(sides[0], sides[1], CODES, ["G"], THEME, reworded=["N"])
    told = Told(
        survey=survey.model_copy(update={"questionnaire": QUESTIONNAIRE}),
        waves=(survey.wave("w2024"), survey.wave("w2026")),
        themes=(THEME,),
        names={code: Text(nl=f"Profiel {code}", en=f"Profile {code}") for code in PROFILES},
        about=texts.text_of("about.profiles", version="m1"),
        breaks=(Break("mode", Text(nl="brief", en="letter"), Text(nl="internet", en="online")),),
        looks=(texts.text_of("look.none", versions="x"),),
        internal=False,
        same_people=False,
        groups=False,
        concept=True,
        naive=(Naive("G", Text(nl="Grond", en="Ground"), 300, 0.5, (0.4, -0.6), (-0.4, 0.6)),),
    )
    return told, trend, publish_trend(trend, shown[0], shown[1], rules)


def words(page: str) -> str:
    """What a reader sees of a page."""
    body = page[page.index("</style>") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def page(made: Made, language: Language, *, internal: bool = False) -> str:
    told, trend, shown = made
    told = replace(told, language=language, internal=internal)
    turned = [trend] if internal else None
    return words(page_of(report_of(told, [trend], None if internal else [shown], None, turned)))


def test_every_text_has_the_same_blanks_in_both_languages() -> None:
    for key, (nl, en) in texts._TEXTS.items():
        blanks = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (nl, en)]
        assert blanks[0] == blanks[1], key
        assert nl.strip() == nl != ""
        assert en.strip() == en != ""


@pytest.mark.parametrize("internal", [False, True])
def test_the_page_is_in_one_language(made: Made, internal: bool) -> None:
    dutch, english = (page(made, language, internal=internal) for language in ("nl", "en"))  # type: ignore[arg-type]
    for text, other in (
        ("Wat er veranderde van", "What changed from"), ("Waarschijnlijk tussen", "Probably"),
        ("niet getoetst", "not tested"), ("Anders gevraagd", "Reworded"),
        ("Open antwoorden tellen wij niet", "Open answers are not counted"),
        ("Eerst “brief”, daarna “internet”", "first “letter”, then “online”"),
        ("CONCEPT: het profielmodel", "CONCEPT: nobody"), ("700 deelnemers", "700 people"),
        ("Profiel pa", "Profile pa"), ("Per profiel", "Per profile"),
        ("300 mensen deden beide keren mee", "300 people took part in both"),
    ):  # fmt: skip
        assert text in dutch
        assert text not in english
        assert other in english
        assert other not in dutch
    english_only = r"\b(the|with|changed|wave|people|change|of which|between|question|and)\b"
    assert re.findall(english_only, dutch) == []
    assert re.findall(r"\b(de|het|niet|een|verandering|vraag)\b", english) == []
    # Terms of the house: what a client is never bothered with.
    banned = r"(?i)\b(interval|n_eff|versus rest|geschatte basis|representatief)\b"
    assert re.findall(banned, dutch) == []
    assert ("Hele procenten en gemiddelden" in dutch) is not internal
    assert ("Oker: deze vraag bepaalt" in dutch) is internal
    assert ("Een waarschuwing, geen uitkomst" in dutch) is True


def test_figures_have_the_decimal_sign_of_the_language(made: Made) -> None:
    _, trend, shown = made
    t = next(i for i, table in enumerate(shown.tables) if table.identity.number == "N")
    r = next(i for i, row in enumerate(shown.tables[t].rows) if row.kind == "mean")
    cell = shown.tables[t].cells[r][-1]
    assert cell.before.value is not None
    written = f"{cell.before.value:.1f}"
    assert f" {written} " in page(made, "en")
    assert f" {written.replace('.', ',')} " in page(made, "nl")
    assert f" {written} " not in page(made, "nl")
    assert texts.many(12345, "nl") == "12.345"
    assert texts.many(12345, "en") == "12,345"
    assert texts.figure("+0.1", "nl") == "+0,1"
    assert trend.n_before == 700


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("internal", [False, True])
def test_the_table_for_people_has_the_figures_of_that_for_programs(
    made: Made, language: Language, internal: bool
) -> None:
    told, trend, public = made
    told = replace(told, language=language, internal=internal)
    shown = None if internal else [public]
    rows, lines = rows_of(told, [trend], shown), readable_rows(told, [trend], shown)
    assert len(rows) == len(lines) > 50
    heads = list(lines.columns)
    expected = ["thema", "tabel", "vraag"] if language == "nl" else ["theme", "table", "question"]
    assert heads[:3] == expected
    assert ("status" in heads) is internal
    assert {"was in w2024", "is in w2026"} <= set(heads)
    scale = np.where(rows["statistic"] == "mean", 1.0, 100.0)
    for head, name in (("was in w2024", "value_before"), ("is in w2026", "value_after")):
        assert np.allclose(lines[head].astype(float), scale * rows[name].astype(float))
    change = "verandering" if language == "nl" else "change"
    assert np.allclose(lines[change].astype(float), scale * rows["change"].astype(float))
    rose, fell = ("gestegen", "gedaald") if language == "nl" else ("rose", "fell")
    verdict = lines["oordeel" if language == "nl" else "verdict"]
    assert (verdict.eq(rose) == rows["verdict"].eq("up")).all()
    assert (verdict.eq(fell) == rows["verdict"].eq("down")).all()
    assert rows["verdict"].isin(["up", "down"]).any()
    whom = lines["kolom" if language == "nl" else "column"]
    assert (
        whom.eq("iedereen" if language == "nl" else "everybody") == rows["column"].eq(TOTAL)
    ).all()
    people = [h for h in heads if h.endswith("w2024") and h != "was in w2024"]
    pd.testing.assert_series_equal(
        lines[people[0]].astype(float), rows["n_before"].astype(float), check_names=False
    )


def test_what_the_command_says_stays_english(made: Made) -> None:
    told, trend, shown = made
    reports: list[dict[str, Any]] = [
        report_of(replace(told, language=language), [trend], [shown], None, None)  # type: ignore[arg-type]
        for language in ("nl", "en")
    ]
    assert reports[0]["summary"] == reports[1]["summary"]
    assert reports[0]["looks"] == reports[1]["looks"] == reports[1]["attention"]
    assert "300 people in both" in reports[0]["summary"]

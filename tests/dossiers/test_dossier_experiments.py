"""Experiments in a dossier: the sentences say what chance did, what was compared, and no more."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from audit_edition import PLAN, QUESTIONNAIRE, answers
from dossier_samples import CODES

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.tables import TOTAL, Cell, Flag, PublishedTable, ThemeTables, Verdict
from flows.crosstabs.tidy import tidy
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Language
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.dossiers.audit_files import audit_path
from flows.dossiers.build import build_content
from flows.dossiers.codebook import codebook, write_codebook
from flows.dossiers.experiments import is_experiment, outcome_of
from flows.dossiers.facts import DossierFacts
from flows.dossiers.findings import cover_sentences, sentences, standout
from flows.dossiers.lint import lint
from flows.dossiers.perspective import measure, tops
from flows.dossiers.reading import Context
from flows.dossiers.sheets.table import table_sheet
from flows.dossiers.texts import words
from flows.dossiers.tidy_csv import write_tables_csv
from flows.dossiers.workbook import write_workbook

ARMS = {"geld": "U betaalt minder", "klimaat": "Goed voor het klimaat", "geen": "Geen argument"}
EXPERIMENT = Question.model_validate(
    {
        "code": "X01",
        "type": "experiment",
        "theme": "energie",
        "dimension": "motive",
        "text": {"nl": "Welk argument kreeg u te lezen?", "en": "Which argument did you read?"},
        "short": {"nl": "Argument dat u las", "en": "Argument shown"},
        "outcomes": ["E02"],
        "dont_know": "leave_out",
        "options": [{"code": code, "nl": nl, "en": f"{nl} (E)"} for code, nl in ARMS.items()],
    }
)
ASKED = Questionnaire(questions=(*QUESTIONNAIRE.questions, EXPERIMENT))


@cache
def people(effect: float, in_one: float = 0.0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Answers, profile, weight: money makes `effect` more say yes, in one profile `in_one` more."""
    frame, profile, weight = answers()
    random = np.random.default_rng(6)
    arm = random.integers(0, 3, len(frame))
    p = 0.35 + (arm == 0) * (effect + in_one * (profile == CODES[0]))
    yes = random.random(len(frame)) < p
    return (
        frame.assign(
            E02=pd.Categorical(np.where(yes, "1", "2"), categories=["1", "2", *MISSING_CODES]),
            X01=pd.Categorical.from_codes(arm, categories=[*ARMS, *MISSING_CODES]),
        ),
        profile,
        weight,
    )


@cache
def published(effect: float, in_one: float = 0.0) -> ThemeTables:
    frame, profile, weight = people(effect, in_one)
    banner = profile_banner(profile, CODES, len(frame))
    made = crosstab(frame, ASKED, ["E01", "E02", "X01"], banner, weight, theme="energie")
    sizes = profile_sizes(profile, CODES, weight)
    return publish(made, Publication(), theme="energie", sizes=sizes)


@pytest.fixture
def named(facts: DossierFacts) -> DossierFacts:
    assert EXPERIMENT.short is not None
    return replace(facts, short_titles=(("X01", EXPERIMENT.short),))


def context(tables: ThemeTables, facts: DossierFacts, language: Language = "nl") -> Context:
    return Context(tables, facts, words(language))


def experiment(tables: ThemeTables) -> PublishedTable:
    table = tables.table("X01")
    assert table is not None
    assert is_experiment(table)
    return table


def share(arm: str, column: str, effect: float) -> float:
    """The weighted share of yes under an arm."""
    frame, profile, weight = people(effect)
    inside = (frame["X01"] == arm) & ((profile == column) | (column == TOTAL))
    return float(np.average(frame["E02"][inside] == "1", weights=weight[inside]))


def test_the_sentence_tells_the_arm_and_the_margin_of_its_difference(named: DossierFacts) -> None:
    tables = published(0.25)
    table = experiment(tables)
    cell = table.cell("E02-geld-effect", TOTAL)
    assert cell.value is not None
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low > 0
    money, nothing = (round(100 * share(arm, TOTAL, 0.25)) for arm in ("geld", "geen"))
    points = round(100 * (share("geld", TOTAL, 0.25) - share("geen", TOTAL, 0.25)))
    assert sentences(context(tables, named), table)[0] == (
        f"Met 'U betaalt minder' antwoordt {money}% 'Ja, een plan', met 'Geen argument' "
        f"{nothing}%. Dat is {points} procentpunt meer, waarschijnlijk tussen "
        f"{round(cell.low * 100)} en {round(cell.high * 100)}. Bij geen profiel is het verschil "
        "duidelijk anders dan bij alle anderen."
    )
    said = sentences(context(tables, named, "en"), table)
    assert f"{points} percentage points more" in said[0]
    assert said[-1] == (
        f"With 'U betaalt minder (E)' {money}% answer 'Ja, een plan (E)', with "
        f"'Geen argument (E)' {nothing}% do."
    )


def test_less_is_told_with_bounds_above_zero(named: DossierFacts) -> None:
    tables = published(-0.2)
    table = experiment(tables)
    cell = table.cell("E02-geld-effect", TOTAL)
    assert cell.high is not None
    assert cell.high < 0
    ends = sorted(round(abs(end or 0) * 100) for end in (cell.low, cell.high))
    told = sentences(context(tables, named), table)[1]
    assert told.endswith(f"procentpunt minder, waarschijnlijk tussen {ends[0]} en {ends[1]}.")


def test_without_an_effect_nothing_is_claimed(named: DossierFacts) -> None:
    tables = published(0.0)
    table = experiment(tables)
    for code in ("E02-geld-effect", "E02-klimaat-effect"):
        cell = table.cell(code, TOTAL)
        assert cell.low is not None
        assert cell.high is not None
        assert cell.low <= 0 <= cell.high
    said = sentences(context(tables, named), table)[0]
    assert "Dat verschil kan toeval zijn." in said
    assert "waarschijnlijk tussen" not in said


def test_of_many_versions_the_largest_is_seldom_called_a_difference_by_chance(
    named: DossierFacts,
) -> None:
    """1,500 experiments with four arms that do nothing: 5% may be called a difference."""
    table, random = experiment(published(0.25)), np.random.default_rng(3)
    arms = tuple(replace(table.rows[0], code=f"E02-{i}") for i in range(4))
    differences = tuple(
        replace(table.rows[-1], code=f"E02-{i}-effect", members=(f"E02-{i}", "E02-3"))
        for i in range(3)
    )
    reading, told, outside = context(published(0.25), named), 0, 0
    for _ in range(1500):
        yes = random.binomial(500, 0.4, 4) / 500
        effects = yes[:3] - yes[3]
        margin = 1.96 * np.sqrt((yes[:3] * (1 - yes[:3]) + yes[3] * (1 - yes[3])) / 500)
        shown = [Cell(round(v, 2), round(v, 2), round(v, 2)) for v in yes]
        shown += [
            Cell(round(v, 2), round(v - m, 2), round(v + m, 2))
            for v, m in zip(effects, margin, strict=True)
        ]
        one = replace(
            table,
            rows=(*arms, *differences),
            columns=(TOTAL,),
            cells=tuple((cell,) for cell in shown),
            n=(500,),
        )
        told += "waarschijnlijk tussen" in sentences(reading, one)[0]
        outside += any(abs(e) > m for e, m in zip(effects, margin, strict=True))
    assert told / 1500 < 0.065
    assert outside / 1500 > 0.09  # what low and high by themselves would have called one


def test_a_profile_is_named_only_where_its_difference_is_found_to_differ(
    named: DossierFacts,
) -> None:
    tables = published(0.0, 0.6)
    table = experiment(tables)
    cell = table.cell("E02-geld-effect", CODES[0])
    assert cell.verdict is Verdict.HIGHER
    reading = context(tables, named)
    points = round(100 * (cell.value or 0))
    assert sentences(reading, table)[0].endswith(
        f"Bij de Idealistische Globalisten is dat verschil {points} procentpunt."
    )
    text, differs = standout(reading, table)
    assert differs
    assert text.startswith(f"Hoger verschil: Idealistische Globalisten ({points} punten)")
    (cover,) = [said for said in cover_sentences(reading) if "Argument dat u las" in said]
    assert cover.startswith(
        "Argument dat u las: bij de Idealistische Globalisten is het verschil tussen "
        f"'U betaalt minder' en 'Geen argument' {points} punten. Bij alle deelnemers is dat"
    )


def test_the_sheet_says_of_whom_and_compared_how(named: DossierFacts) -> None:
    tables = published(0.25)
    reading, table = context(tables, named), experiment(tables)
    sheet = table_sheet(reading, table, "X01")
    rows = [[cell.value for cell in row.cells] for row in sheet.rows]
    texts = " ".join(str(value) for row in rows for value in row if isinstance(value, str))
    frame, _, _ = people(0.25)
    smallest = min(int((frame["X01"] == arm).sum()) for arm in ARMS)
    assert f"ten minste {smallest} deelnemers per versie" in texts
    assert "Het lot bepaalde wie welke versie kreeg" in texts
    assert "Een pijl vergelijkt een kolom met alle anderen samen, ook bij een verschil." in texts
    assert "Aantal deelnemers: van de versie met de minste deelnemers." in texts
    assert "meer antwoorden mogelijk" not in texts
    header = next(row for row in rows if row and row[-1] == "Nederland")
    assert header[0] == "Argument dat u las"
    arms = {row[0]: row for row in rows if row and row[0] in ARMS.values()}
    assert list(arms) == list(ARMS.values())
    # The column with 41 people is too few under each arm: hidden, arm by arm.
    few = header.index("Rustige Volgers")
    assert {row[few] for row in arms.values()} == {"[te weinig]"}
    assert arms["U betaalt minder"][-1] == round(share("geld", TOTAL, 0.25), 2)
    # No arm is a net that takes answers together, so none is bold.
    plain = [row.cells[0].style.role for row in sheet.rows if row.cells and row.cells[0].value]
    assert "label_bold" not in plain
    assert sheet.chart is not None
    assert sheet.chart.categories == tuple(ARMS.values())
    assert sheet.chart.series[0].values == tuple(round(share(arm, TOTAL, 0.25), 2) for arm in ARMS)


@pytest.mark.parametrize("effect", [0.25, 0.0])
def test_the_workbooks_pass_the_lint_and_the_files_the_audit(
    named: DossierFacts, tmp_path: Path, effect: float
) -> None:
    tables = published(effect)
    _, _, weight = people(effect)
    weights = replace(named.weights, lowest=float(weight.min()), highest=float(weight.max()))
    facts = replace(named, weights=weights)
    for language in ("nl", "en"):
        content = build_content(tables, facts, PLAN, language)
        path = tmp_path / f"nederland.{language}.xlsx"
        write_workbook(content, path)
        assert lint(path, content) == []
        guide = openpyxl.load_workbook(path)[words(language)("sheet.guide")]
        seen = [row[0].value for row in guide.iter_rows() if row[0].value]
        assert words(language)("guide.effect") in seen
    write_tables_csv(tidy(tables, facts.survey, facts.wave, 1), tmp_path / "tables.csv")
    write_codebook(codebook(tables, ASKED, facts), tmp_path)
    found = audit_path(tmp_path)
    assert [str(leak) for leak in found.leaks] == []
    assert found.hidden > 0


def test_those_without_an_opinion_stand_with_the_outcome_alone(named: DossierFacts) -> None:
    tables = published(0.25)
    lines = tidy(tables, "s", "w", 1)
    assert set(lines.loc[lines["statistic"] == "dont_know", "table"]) == {"E01", "E02"}
    sheet = table_sheet(context(tables, named), experiment(tables), "X01")
    assert not any("Weet niet" in str(c.value) for row in sheet.rows for c in row.cells)


def test_an_experiment_stands_for_no_motive_or_stance(named: DossierFacts) -> None:
    reading = context(published(0.25), named)
    assert tops(reading, "X01") is None
    assert measure(reading, "X01") is None


def test_the_answer_is_named_only_where_the_dossier_has_it(named: DossierFacts) -> None:
    tables = published(0.25)
    table = experiment(tables)
    assert outcome_of(context(tables, named), table.rows[0]) == "Ja, een plan"
    alone = replace(tables, tables=(table,))
    assert outcome_of(context(alone, named), table.rows[0]) is None
    said = sentences(context(alone, named), table)[0]
    assert said.startswith("Met 'U betaalt minder' is het ")


def test_hidden_arms_are_told_nothing_of(named: DossierFacts) -> None:
    tables = published(0.25)
    table = experiment(tables)
    total = table.columns.index(TOTAL)
    gone = Cell(None, flag=Flag.TOO_FEW)
    cells = tuple((*line[:total], gone, *line[total + 1 :]) for line in table.cells)
    hidden = replace(table, cells=cells)
    assert sentences(context(tables, named), hidden) == [
        "Over deze vraag zeggen wij niets: er zijn te weinig deelnemers."
    ]
    assert table_sheet(context(tables, named), hidden, "X01").chart is None


def test_an_experiment_on_means_tells_the_highest_and_the_lowest(named: DossierFacts) -> None:
    tables = published(0.25)
    table = experiment(tables)
    rows = tuple(replace(row, kind="mean") for row in table.rows if row.kind != "effect")
    values = (7.4, 6.1, 5.8)
    cells = tuple(tuple(Cell(value, value, value) for _ in table.columns) for value in values)
    means = replace(table, rows=rows, cells=cells)
    reading = context(tables, named)
    assert sentences(reading, means) == [
        "Het hoogste cijfer is bij 'U betaalt minder' (7,4), het laagste bij 'Geen argument' (5,8)."
    ]
    texts = [str(c.value) for row in table_sheet(reading, means, "X01").rows for c in row.cells]
    assert any(text.startswith("Gemiddelde van alle deelnemers") for text in texts)

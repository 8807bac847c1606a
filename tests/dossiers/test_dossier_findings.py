"""Sentences follow from published numbers; a hidden number tells nothing."""

from dataclasses import replace

import pytest
from dossier_samples import LONG, scale_table

from flows.crosstabs.tables import TOTAL, Cell, Finding, Flag, ThemeTables, Verdict
from flows.definitions.models import Text, ThemePlan
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts
from flows.dossiers.findings import cover_sentences, sentences, standout
from flows.dossiers.perspective import Measure, Tops, interpretation, main_answer, measure, tops
from flows.dossiers.reading import Context, sorted_rows
from flows.dossiers.texts import words


@pytest.fixture
def context(tables: ThemeTables, facts: DossierFacts) -> Context:
    return Context(tables, facts, words("nl"))


def table(context: Context, number: str):
    found = context.tables.table(number)
    assert found is not None
    return found


def test_a_headline_names_who_is_high_and_who_is_low(context: Context) -> None:
    assert sentences(context, table(context, "E07"))[0] == (
        "Van huiseigenaren antwoordt 48% '(Helemaal) mee eens'. "
        "Bij Idealistische Globalisten is dat 68%, bij Kritische Kijkers 22%."
    )


def test_a_mean_is_written_with_a_comma(context: Context) -> None:
    assert sentences(context, table(context, "E09"))[0] == (
        "Van alle deelnemers is het gemiddelde 6,4. Bij Kritische Kijkers is dat 4,9."
    )


def test_a_list_of_reasons_starts_with_the_one_mentioned_most(context: Context) -> None:
    assert sentences(context, table(context, "E15"))[0].startswith(
        "'Het kost te veel' is het meest genoemd: 46%."
    )


def test_model_items_have_no_comparison(context: Context) -> None:
    said = sentences(context, table(context, "E05"))
    assert said == ["Van alle deelnemers antwoordt 48% '(Helemaal) mee eens'."]
    assert standout(context, table(context, "E05")) == ("Niet vergeleken", False)


def test_a_hidden_table_says_so_and_nothing_more(context: Context) -> None:
    assert sentences(context, table(context, "E20")) == [
        "Over deze vraag zeggen wij niets: er zijn te weinig deelnemers."
    ]
    assert standout(context, table(context, "E20")) == ("Niet vergeleken", False)


def test_a_finding_about_a_hidden_number_vanishes(context: Context) -> None:
    finding = Finding("E03a", "eens", "starters", Verdict.HIGHER, 0.9)
    other = replace(
        context, tables=replace(context.tables, findings=(finding, *context.tables.findings))
    )
    assert cover_sentences(other) == cover_sentences(context)
    assert sentences(other, table(other, "E03a")) == sentences(context, table(context, "E03a"))


def test_a_finding_without_an_arrow_is_not_told(context: Context) -> None:
    e11 = table(context, "E11")
    assert e11.cell("eens", "grijzen").verdict is Verdict.NONE
    assert any(finding.table == "E11" for finding in context.tables.findings)
    assert "Grijzen" not in sentences(context, e11)[0]


def test_an_indicative_number_is_about_in_a_sentence_too(context: Context) -> None:
    finding = Finding("E03d", "eens", "volgers", Verdict.LOWER, 0.2)
    other = replace(context, tables=replace(context.tables, findings=(finding,)))
    assert "Bij Rustige Volgers is dat circa " in sentences(other, table(other, "E03d"))[0]


def test_the_cover_takes_three_tables_and_three_profiles(context: Context) -> None:
    said = cover_sentences(context)
    assert len(said) == 3
    assert said[0].startswith("Van Kritische Kijkers antwoordt 22%")
    assert sum("Kritische Kijkers" in sentence for sentence in said) == 1


def test_rows_of_reasons_stand_from_high_to_low_and_other_last(context: Context) -> None:
    codes = [row.code for row in sorted_rows(table(context, "E15"))]
    assert codes[:3] == ["kosten", "onduidelijk", "tijd"]
    assert codes[-2:] == ["anders", "geen"]


def test_the_place_of_a_hidden_total_tells_nothing(context: Context) -> None:
    reasons = table(context, "E15")
    first = (*reasons.cells[0][:-1], Cell(None, flag=Flag.PROTECTED))
    codes = [row.code for row in sorted_rows(replace(reasons, cells=(first, *reasons.cells[1:])))]
    assert codes.index("kosten") == 7


def test_a_plan_code_finds_a_question_an_item_or_a_grid(context: Context, plan: ThemePlan) -> None:
    stance, item = measure(context, "E07"), measure(context, "E03_b")
    assert isinstance(stance, Measure)
    assert stance.cell(TOTAL).value == 0.48
    assert item is not None
    assert item.table.identity.number == "E03b"
    grid = tops(context, "E03")
    assert isinstance(grid, Tops)
    assert len(grid.tables) == 4
    assert isinstance(tops(context, "E07"), Measure)
    assert measure(context, None) is None
    assert tops(context, "E99") is None


def test_the_main_answer_adds_what_others_mention_less(context: Context) -> None:
    barriers = tops(context, "E15")
    assert isinstance(barriers, Tops)
    text = main_answer(context, barriers.ranked(context, "gezinnen"))
    assert text == "Het kost te veel (49%)\nVaker dan anderen: Het is te ingewikkeld (33%)"


def test_a_hidden_column_has_no_main_answer(context: Context) -> None:
    grid = tops(context, "E03")
    assert isinstance(grid, Tops)
    assert grid.ranked(context, "starters") == []
    assert grid.hidden("starters").flag is Flag.TOO_FEW


def test_interpretations_are_filled_in_and_lose_hidden_sentences(context: Context) -> None:
    text = "Van allen is {E07.totaal.eens} voor. Starters: {E07.starters.eens}. Dus ga aan de slag."
    assert interpretation(context, text) == "Van allen is 48% voor. Dus ga aan de slag."


@pytest.mark.parametrize("reference", ["{E99.totaal.eens}", "{E07.niemand.eens}", "{E07.total.x}"])
def test_an_interpretation_that_refers_to_nothing_is_refused(
    context: Context, reference: str
) -> None:
    with pytest.raises(DossierError, match="refers to"):
        interpretation(context, f"Dat is {reference}.")


def test_long_questions_are_cut_inside_a_sentence(facts: DossierFacts) -> None:
    long = scale_table("E11", LONG)
    finding = Finding("E11", "eens", "kijkers", Verdict.LOWER, 0.2)
    tables = ThemeTables("energie", (long,), (finding,), (), 0, 1)
    said = cover_sentences(Context(tables, facts, words("nl")))
    assert "...'" in said[0]


def test_english_has_its_own_sentences(tables: ThemeTables, facts: DossierFacts) -> None:
    context = Context(tables, facts, words("en"))
    assert sentences(context, table(context, "E07"))[0] == (
        "Of home owners 48% answer '(Strongly) agree'. "
        "Among Idealistic Globalists this is 68%, among Critical Watchers 22%."
    )
    assert Text(nl="a", en="b")["en"] == "b"

"""Sentences follow from published numbers; a hidden number tells nothing."""

from dataclasses import replace

import pytest
from dossier_samples import LONG, scale_table

from flows.crosstabs.tables import TOTAL, Cell, Finding, Flag, ThemeTables, Verdict
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.models import Language, Text
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts
from flows.dossiers.findings import cover_findings, cover_sentences, sentences, standout
from flows.dossiers.perspective import Measure, Tops, interpretation, main_answer, measure, tops
from flows.dossiers.reading import Context, asked, sorted_rows
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
        "Van huiseigenaren is 48% het hiermee (helemaal) eens. "
        "Bij de Idealistische Globalisten is dat 68%, 1,4 keer zo veel als in Nederland, en bij de "
        "Kritische Kijkers is dat 22%."
    )
    assert sentences(context, table(context, "E07"))[1] == (
        "Van huiseigenaren is 48% het hiermee (helemaal) eens. "
        "Bij de Idealistische Globalisten is dat 68% en bij de Kritische Kijkers is dat 22%."
    )


def test_a_mean_is_written_with_a_comma(context: Context) -> None:
    assert sentences(context, table(context, "E09"))[0] == (
        "Het gemiddelde van alle deelnemers is 6,4. Bij de Kritische Kijkers is dat 4,9."
    )


def test_a_list_of_reasons_starts_with_the_one_mentioned_most(context: Context) -> None:
    assert sentences(context, table(context, "E15"))[0].startswith(
        "Het meest genoemd is 'Het kost te veel' (46%)."
    )


def test_model_items_have_no_comparison(context: Context) -> None:
    said = sentences(context, table(context, "E05"))
    assert said == ["Van alle deelnemers is 48% het hiermee (helemaal) eens."]
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
    assert "Bij de Rustige Volgers is dat circa " in sentences(other, table(other, "E03d"))[0]


def test_the_cover_takes_three_tables_and_three_profiles(context: Context) -> None:
    said = cover_sentences(context)
    assert len(said) == 3
    assert said[0].startswith("Van de Kritische Kijkers is 22% het (helemaal) eens met: ")
    assert sum("Kritische Kijkers" in sentence for sentence in said) == 1
    assert len({found.identity.question for found, _ in cover_findings(context)}) == 3


def test_the_cover_tells_of_more_than_one_dimension(context: Context) -> None:
    about = {found.identity.dimension for found, _ in cover_findings(context)}
    assert about == {"attitude", "barrier"}


def test_the_cover_has_one_mean_where_it_can(context: Context) -> None:
    chosen = cover_findings(context)
    assert sum(found.row(finding.row).kind == "mean" for found, finding in chosen) <= 1


def test_a_numbered_profile_has_no_article(context: Context, facts: DossierFacts) -> None:
    numbered = replace(facts.profiles[0], label=Text(nl="Profiel 1", en="Profile 1"))
    other = replace(context, facts=replace(facts, profiles=(numbered, *facts.profiles[1:])))
    assert other.group(numbered.code) == "Profiel 1"
    assert other.group(facts.profiles[1].code) == f"de {facts.profiles[1].label.nl}"


@pytest.mark.parametrize(
    ("language", "label", "said"),
    [
        ("nl", "(Helemaal) mee eens", "(helemaal) eens"),
        ("nl", "Helemaal oneens", "helemaal oneens"),
        ("nl", "eens (6 tot en met 10)", "eens (6 tot en met 10)"),
        ("nl", "Het is oneens", None),
        ("nl", "Niet eens en niet oneens", None),
        ("en", "(Strongly) disagree", "(strongly) disagree"),
        ("en", "Neither agree nor disagree", None),
    ],
)
def test_agreement_reads_as_a_sentence(language: Language, label: str, said: str | None) -> None:
    assert words(language).agreed(label) == said


def test_facts_are_answered_and_opinions_held(context: Context) -> None:
    opinion = table(context, "E05")
    fact = replace(opinion, identity=replace(opinion.identity, dimension="behaviour"))
    assert context.answering(opinion) == "alle deelnemers met een mening"
    assert context.answering(fact) == "alle deelnemers die antwoord gaven"


def test_a_question_loses_its_instruction_but_a_statement_stays_whole() -> None:
    assert asked("Waarom wacht u? Kies er hoogstens drie.") == "Waarom wacht u?"
    assert asked("Er komt een plan. Doet u mee?") == "Er komt een plan. Doet u mee?"
    assert asked("Huizen moeten van het gas af.") == "Huizen moeten van het gas af."


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
    assert (
        text == "Het kost te veel (49%)\nVaker dan anderen: Het is te ingewikkeld (33%, 1,6 keer)"
    )


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
    assert "...: van de Kritische Kijkers" in said[0] or "... Van de Kritische Kijkers" in said[0]


def test_english_has_its_own_sentences(tables: ThemeTables, facts: DossierFacts) -> None:
    context = Context(tables, facts, words("en"))
    assert sentences(context, table(context, "E07"))[0] == (
        "Of home owners 48% (strongly) agree with this. "
        "Among the Idealistic Globalists this is 68%, 1.4 times as many as in the Netherlands, and "
        "among the Critical Watchers it is 22%."
    )
    assert Text(nl="a", en="b")["en"] == "b"

"""Explaining a published number: from the cell to the files, and how to make it again."""

from __future__ import annotations

import json
import pkgutil
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from support import explained
from support.line import at_home

from flows.commands.explain import explain
from flows.crosstabs.disclosure.edition import protect
from flows.crosstabs.explain.hiding import why_hidden
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL, Table
from flows.crosstabs.theme_tables import care_of, stored_tables
from flows.definitions import Survey, load_survey
from flows.edges import open_store
from flows.errors import Refusal
from flows.settings import Settings
from flows.workbench import explain as explain_module
from flows.workbench.analysis_file import export_answers
from flows.workbench.explain import Explanation, explain_number
from flows.workbench.explain_editions import find_edition, published_numbers, run_of
from flows.workbench.explain_hidden import earlier_of, rules_of
from flows.workbench.explain_text import explanation_lines

EDITION = "klein/wijk"
TABLES = """    banner: [profile, G]
    tables:
      - {code: vrouw, title: Vrouwen, questions: [W03], banner: [[jong, G]], filter: {G: ["2"]}}
"""


def careful(home: Path) -> None:
    """Process the small survey with a special question, and columns of a place.

    Of those with gender 1, the place, three people gave the last answer to W06a.
    """
    survey = explained.write_survey(home / "surveys")
    for name, old, new in (
        ("survey", "waves:", "places: {municipality: G}\nwaves:"),
        ("questionnaire", "  - code: W06", "  - code: W06\n    special: political"),
        ("dossier", "    questions:", f"{TABLES}    questions:"),
        ("dossier", "themes:", "publication: {special_base: 200}\nthemes:"),
    ):
        path = survey / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    frame, profile = explained.answers()
    many = np.flatnonzero((frame["G"] == "1") & (frame["W06_a"] == "5"))
    frame.loc[many[3:], "W06_a"] = "4"
    with open_store() as store:
        explained.add_answers(store, frame)
    explained.process(home, frame, profile)


def made_once(make: Callable[..., Any], home: Path) -> Callable[..., Any]:
    """`make`, which is asked once in `home`, and every time in a copy of it."""
    made: list[Any] = []

    def kept(*given: Any) -> Any:
        if Settings().store != home / "store":
            return make(*given)
        made[:] = made or [make(*given)]
        return made[0]

    return kept


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home in which the small survey has one edition; where we are, and for reading only."""
    home = tmp_path_factory.mktemp("klein")
    with pytest.MonkeyPatch.context() as patch:
        # As long as nothing changes in the home: what takes longest is the same for every cell.
        for module, name in (("explain", "all_hidden"), ("explain_lines", "file_of")):
            place = f"flows.workbench.{module}.{name}"
            patch.setattr(place, made_once(pkgutil.resolve_name(place), home))
        at_home(home, patch)
        patch.chdir(home)
        careful(home)
        yield home


@pytest.fixture
def klein(
    processed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of it that a test may change."""
    return explained.copied(processed, tmp_path_factory.mktemp("home"), monkeypatch)


def tables_of_run(home: Path) -> tuple[tuple[Table, ...], Survey]:
    """The stored tables of the edition, whole, and the definition of the survey."""
    survey = load_survey(home / "surveys" / "klein")
    with open_store() as store:
        (run,) = store.current_table_runs("klein", "w1")
        return stored_tables(store.read_table_run(run.id), survey, run.theme), survey


def folder(klein: Path) -> Path:
    return klein / "outputs" / "klein" / "dossiers" / "wijk"


def stored(row: str, column: str, table: str = "W01") -> pd.Series:
    """The line of a cell in the stored run."""
    with open_store() as store:
        (run,) = store.current_table_runs("klein", "w1")
        cells = store.read_table_run(run.id)
    found = cells[(cells["table"] == table) & (cells["answer"] == row)]
    return found[found["column"] == column].iloc[0]


def marked_cell(klein: Path) -> tuple[str, str, str]:
    """An answer that is printed with a mark: row, column, verdict."""
    numbers = published_numbers(folder(klein))
    found = numbers[(numbers["table"] == "W01") & (numbers["verdict"] != "")]
    line = found[found["statistic"] == "share"].iloc[0]
    return str(line["answer"]), str(line["column"]), str(line["verdict"])


def protected_cell(klein: Path) -> tuple[str, str]:
    """A cell that is hidden although enough people are in its column: row and column."""
    numbers = published_numbers(folder(klein))
    for row in ("1", "2", "3", "4", "5", "eens", "mean"):
        for column in ("rood", "groen"):
            lines = numbers[(numbers["table"] == "W01") & (numbers["answer"] == row)]
            if column not in set(lines["column"]) and stored(row, column)["n"] >= 30:
                return row, column
    raise AssertionError("no cell of the small survey is protected")


def test_a_number_is_told_with_its_error_and_test(processed: Path) -> None:
    row, column, verdict = marked_cell(processed)
    told = explain_number(EDITION, "W01", f"{row}:{column}")
    line = stored(row, column)
    assert told.cell is not None
    assert told.cell.estimate is not None
    assert told.cell.compared is not None
    assert told.cell.estimate.value == line["estimate"]
    assert told.cell.estimate.standard_error == line["standard_error"]
    assert told.cell.compared.p_adjusted == line["p_adjusted"]
    assert told.cell.compared.verdict.value == told.published.verdict == verdict
    assert told.published.value == np.floor(line["estimate"] * 100 + 0.5) / 100
    assert [code for code, _, _ in told.cell.counted.options] == [row]
    bases = told.cell.bases
    assert (bases.asked, bases.answered) == (line["asked"], line["n"])
    assert bases.no_opinion == line["dont_know_count"]
    assert bases.no_answer == line["asked"] - line["n"] - line["dont_know_count"]
    assert bases.behind == line["count"]


def test_it_says_who_is_in_it_and_who_was_left_out(processed: Path) -> None:
    told = explain_number(EDITION, "W01", "eens:total")
    assert told.lines is not None
    exported = "themadossier export surveys/klein --wave w1 --to klein-w1.sav"
    assert told.lines.export == exported
    assert told.rows is not None
    assert told.rows.kept == 392
    assert told.rows.left_out == {"speeder": 5, "no_answers": 3, "quarantined": 1}
    (file,) = told.rows.files
    assert (file["file"], file["source_sha256"]) == ("panel.csv", "a" * 64)
    assert told.weighting is not None
    assert [margin["margin"] for margin in told.weighting["margins"]] == ["G", "jong"]
    with open_store() as store:
        weighting = store.current_weighting("klein", "w1")
        assert weighting is not None
        weights = store.read_weighting(weighting.id)["weight"]
    assert told.weighting["weights"] == pytest.approx([weights.min(), weights.max()])
    kish = weights.sum() ** 2 / (weights**2).sum()
    assert told.weighting["effective_n"] == pytest.approx(kish)
    assert told.weighting["efficiency"] == pytest.approx(kish / 392)
    assert told.typing is not None
    assert told.typing["model"] == "k1"


def test_the_chain_ends_at_the_file_as_delivered(processed: Path) -> None:
    chain = dict(explain_number(EDITION, "W01", "eens:total").chain)
    manifest = json.loads((folder(processed) / "manifest.json").read_text(encoding="utf-8"))
    assert "a" * 64 in chain["file"]
    assert manifest["inputs"]["tables"][:12] in chain["table run"]
    assert manifest["inputs"]["weighting"][:12] in chain["weighting"]
    assert manifest["inputs"]["typing"][:12] in chain["typing"]
    assert chain["code"] == manifest["code_version"]
    assert list(chain)[:2] == ["edition", "cell"]


def test_its_line_gives_the_number_from_the_export(
    processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    survey = processed / "surveys" / "klein"
    names: dict[str, dict[str, object]] = {}
    for kind in ("sav", "csv"):
        export_answers(survey, "w1", tmp_path / f"klein-w1.{kind}")
        names[kind] = {"np": np, "pd": pd, "pyreadstat": pyreadstat}
    for place in (
        "W01 eens:total", "W01 mean:groen", "W01 3:rood", "W01 dont_know:groen", "W02 hulp:rood",
        "W03 mean:total", "W04 dorp:rood", "W06a eens:groen", "W01 eens:G:1",
        "W03-vrouw mean:jong:ja*G:2", "W03-vrouw dont_know:total",
    ):  # fmt: skip
        table, cell = place.split()
        told = explain_number(EDITION, table, cell, survey, internal=True)
        assert told.lines is not None
        assert told.cell is not None
        assert told.cell.estimate is not None
        for kind, known in names.items():
            if "df" not in known:
                csv = "df = pd.read_csv('klein-w1.csv')"
                exec(told.lines.reading if kind == "sav" else csv, known)
            again = eval(told.lines.pandas, known)
            assert again == pytest.approx(told.cell.estimate.value, rel=1e-12)
        assert "GET FILE='klein-w1.sav'." in told.lines.spss
        exported = f"themadossier export {survey} --wave w1 --to klein-w1.sav"
        assert told.lines.export == exported


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ("eens:Profiel groen", "groen"), ("(helemaal) eens:profile groen", "groen"),
        ("eens:totaal", TOTAL), ("eens:Nederland", TOTAL),
    ],
)  # fmt: skip
def test_rows_and_columns_may_be_named(cell: str, column: str, processed: Path) -> None:
    told = explain_number(EDITION, "W01", cell)
    assert (told.row, told.column) == ("eens", column)


def test_a_cell_of_an_overview_is_that_of_its_item(processed: Path) -> None:
    told = explain_number(EDITION, "W06", "W06a:total")
    item = explain_number(EDITION, "W06a", "eens:total")
    assert told.cell == item.cell
    assert told.published == item.published
    assert told.notes == ("W06 is an overview of its items: this is row eens of table W06a.",)


def numbers_told(told: Explanation) -> str:
    """Everything it says, in both forms."""
    from dataclasses import asdict

    return json.dumps(asdict(told)) + "\n".join(explanation_lines(told))


@pytest.mark.parametrize(
    ("table", "cell", "rule"),
    [
        ("W03", "mean:blauw", "too_few"),
        ("W01", "eens:blauw", "too_few"),
        ("W01", "protected", "complement"),
        ("W03", "dont_know:blauw", "too_few"),
    ],
)
def test_a_hidden_number_is_explained_and_not_told(
    table: str, cell: str, rule: str, processed: Path
) -> None:
    cell = ":".join(protected_cell(processed)) if cell == "protected" else cell
    told = explain_number(EDITION, table, cell)
    assert told.published.flag == "hidden"
    assert told.cell is not None
    assert told.cell.hidden is not None
    assert told.cell.hidden.rule == rule
    assert told.cell.estimate is None
    assert told.cell.compared is None
    inside = explain_number(EDITION, table, cell, internal=True)
    assert inside.cell is not None
    assert inside.cell.estimate is not None
    value = inside.cell.estimate.value
    assert repr(value) in numbers_told(inside)
    assert repr(value)[:6] not in numbers_told(told)
    bases = told.cell.bases
    assert bases.behind is None
    assert (bases.asked, bases.no_opinion, bases.no_answer) == (None, None, None)


def test_every_hidden_number_is_explained_by_the_rule_that_hid_it(processed: Path) -> None:
    """Also those that are hidden as a column is of a place, or made by a special question."""
    tables, survey = tables_of_run(processed)
    protection = protect(tables, survey.dossier.publication, care=care_of(survey))
    numbers = published_numbers(folder(processed))
    shown = set(zip(numbers["table"], numbers["answer"], numbers["column"], strict=True))
    hidden = {}
    for t, (placed, table) in enumerate(zip(protection.placed, tables, strict=True)):
        cells, unsure = protection.cells(t), protection.dont_know(t)
        for c, column in enumerate(table.columns):
            rows = [(row.code, placed.key(r, c), cells[r, c]) for r, row in enumerate(table.rows)]
            for row, key, gone in [*rows, ("dont_know", placed.dont_know_key(c), unsure[c])]:
                place = (table.identity.number, row, column)
                assert (place in shown) is not gone
                if gone:
                    nobody = not (table.asked if row == "dont_know" else table.n)[c]
                    rule = "no_base" if nobody else protection.hidden[key].rule.value
                    hidden[place] = (table, rule)
    with open_store() as store:
        found = find_edition(EDITION, store)
        run = run_of(store, found)
        assert run is not None
        rules = rules_of(found, survey)
        recorded = explain_module.all_hidden(store, survey, found, run, tables, rules)
    assert len(hidden) > 30
    seen: dict[tuple[str, bool], tuple[str, str, str]] = {}
    for place, (table, rule) in hidden.items():
        told = why_hidden(table, *place[1:], rules, care_of(survey), recorded)
        assert told.rule == rule, place
        seen.setdefault((rule, "of a place" in told.reason), place)
    assert seen.keys() >= {
        ("small_answer", True), ("special", False), ("too_few", False), ("no_base", False),
        ("complement", False),
    }  # fmt: skip
    for (rule, _), (number, row, column) in seen.items():
        cell = explain_number(EDITION, number, f"{row}:{column}").cell
        assert cell is not None
        assert cell.hidden is not None
        assert cell.hidden.rule == rule


def test_what_was_published_before_counts(klein: Path) -> None:
    """As when the edition was made: the one before it, if that was published, and no later one."""
    (tables, survey), outputs = tables_of_run(klein), klein / "outputs" / "klein"
    frame, profile = explained.answers(380)
    with open_store() as store:
        (run,) = store.current_table_runs("klein", "w1")
        for number, table_run in ((2, run.id), (3, run.id + 1)):
            built = shutil.copytree(folder(klein), outputs / f"built-{number}")
            (built / "tables.csv").write_text(f"other {number}\n", encoding="utf-8")
            given = ("klein", "wijk", "w1", str(number) * 64, built, outputs)
            made = {"table_run": table_run}
            store.publish_edition(*given, "published", made, number=number)
        explained.add_answers(store, frame.iloc[8:], "b")
    explained.process(klein, frame.iloc[8:], profile[8:])
    with open_store() as store:
        (later,) = store.current_table_runs("klein", "w1")
        editions = {
            number: replace(find_edition("klein/wijk/1", store), number=number)
            for number in (1, 2, 3, 4)
        }
        told = {
            number: earlier_of(store, survey, edition, later)
            for number, edition in editions.items()
        }
        whole = publish(tables, survey.dossier.publication, care=care_of(survey)).tables
    assert told[1] == ()  # none before it
    assert told[2] == ()  # a draft before it
    assert told[3] == whole  # published, of the run before
    assert told[4] == ()  # published, of the very run that is explained


def test_how_many_had_no_opinion_stays_hidden_where_it_is(processed: Path) -> None:
    """The row of those without an opinion is hidden in a small column, also beside a number."""
    numbers = published_numbers(folder(processed))
    unsure = numbers[(numbers["table"] == "W04") & (numbers["answer"] == "dont_know")]
    assert TOTAL not in set(unsure["column"])
    told = explain_number(EDITION, "W04", "dorp:total")
    assert told.published.value is not None
    assert told.cell is not None
    assert told.cell.bases.no_opinion is None
    inside = explain_number(EDITION, "W04", "dorp:total", internal=True)
    assert inside.cell is not None
    assert inside.cell.bases.no_opinion == stored("dorp", TOTAL, "W04")["dont_know_count"]


def test_a_mark_that_is_kept_out_is_not_told(klein: Path) -> None:
    """As where all other columns of a row are hidden, of which a mark would speak."""
    row, column, verdict = marked_cell(klein)
    path = folder(klein) / "tables.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    here = (frame["table"] == "W01") & (frame["answer"] == row) & (frame["column"] == column)
    frame.loc[here, "verdict"] = ""
    frame.to_csv(path, index=False)
    told = explain_number(EDITION, "W01", f"{row}:{column}")
    assert told.published.value is not None
    assert told.cell is not None
    assert told.cell.compared is not None
    assert (told.cell.compared.difference, told.cell.compared.p) == (None, None)
    assert told.cell.compared.why.startswith("not printed")
    inside = explain_number(EDITION, "W01", f"{row}:{column}", internal=True)
    assert inside.cell is not None
    assert inside.cell.compared is not None
    assert inside.cell.compared.difference == stored(row, column)["difference"]
    assert inside.cell.compared.verdict.value == verdict


def test_an_edition_of_elsewhere_is_explained_by_its_files(
    processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder(processed), tmp_path / "edition")
    monkeypatch.setenv("THEMADOSSIER_STORE", str(tmp_path / "empty"))
    row, column, verdict = marked_cell(processed)
    told = explain_number(str(tmp_path / "edition"), "W01", f"{row}:{column}")
    assert told.cell is None
    assert told.published.verdict == verdict
    assert any("is not in this store" in note for note in told.notes)
    assert "a" * 64 in dict(told.chain)["file"]
    assert f"{verdict} than all others" in "\n".join(explanation_lines(told))


@pytest.mark.parametrize(("run", "known"), [(1, True), (99, False)])
def test_an_edition_may_say_which_run_it_is(run: int, known: bool, klein: Path) -> None:
    path = folder(klein) / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries["inputs"]["table_run"] = run
    path.write_text(json.dumps(entries), encoding="utf-8")
    told = explain_number(str(folder(klein)), "W01", "4:rood")
    assert (told.cell is not None) == known


def test_a_mean_reads_as_a_mean_also_without_the_store(
    processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THEMADOSSIER_STORE", str(tmp_path / "empty"))
    told = explain_number(str(folder(processed)), "W03", "mean:total")
    assert f"published    {told.published.value:.1f} (" in "\n".join(explanation_lines(told))


def test_answers_that_were_replaced_are_noted(klein: Path) -> None:
    frame, _ = explained.answers(seed=2)
    before = explain_number(EDITION, "W01", "eens:total")
    with open_store() as store:
        explained.add_answers(store, frame, "b")
    told = explain_number(EDITION, "W01", "eens:total")
    assert told.cell == before.cell
    assert told.rows is not None
    assert before.rows is not None
    assert told.rows.left_out == before.rows.left_out
    assert not told.rows.current
    assert any("have been replaced" in note for note in told.notes)


def test_new_weights_are_noted(klein: Path) -> None:
    survey = klein / "surveys" / "klein"
    text = (survey / "weighting.yaml").read_text(encoding="utf-8")
    text = text.replace("ja: 0.4, nee: 0.6", "ja: 0.3, nee: 0.7")
    (survey / "weighting.yaml").write_text(text, encoding="utf-8")
    with open_store() as store:
        explained.make_weights(store, load_survey(survey))
    told = explain_number(EDITION, "W01", "eens:total")
    assert any(note.startswith("The weights have been made again") for note in told.notes)


@pytest.mark.parametrize(
    ("edition", "table", "cell", "says"),
    [
        ("klein/wijk", "W99", "eens:total", "has no table W99. Its tables are: W01, W02"),
        ("klein/wijk", "W01", "nee:total", "has no row nee. Its rows are: 1, 2"),
        ("klein/wijk", "W01", "eens:paars", "has no column paars. Its columns are: rood"),
        ("klein/wijk", "W01", "eens", "this is no cell"),
        ("klein/wijk/7", "W01", "eens:total", "Those of klein are: wijk/1"),
        ("klein/water", "W01", "eens:total", "there is no such edition"),
        ("nergens", "W01", "eens:total", "there is no such folder"),
        ("surveys", "W01", "eens:total", "has no manifest.json"),
    ],
)
def test_what_does_not_exist_is_refused(
    edition: str, table: str, cell: str, says: str, processed: Path
) -> None:
    with pytest.raises(Refusal) as refusal:
        explain_number(edition, table, cell)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["manifest.json", "tables.csv"])
def test_damaged_files_are_refused(name: str, klein: Path) -> None:
    (folder(klein) / name).write_text("{", encoding="utf-8")
    with pytest.raises(Refusal, match=name):
        explain_number(str(folder(klein)), "W01", "eens:total")


def test_the_definition_must_be_of_the_same_survey(processed: Path, surveys: Path) -> None:
    with pytest.raises(Refusal, match="this edition is of klein"):
        explain_number(EDITION, "W01", "eens:total", surveys / "themapanel")


def test_the_command_prints_lines_or_json(
    processed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row, column, _ = marked_cell(processed)
    explain(EDITION, "W01", [row, "Profiel", column])
    lines = capsys.readouterr().out
    for word in ("published", "unrounded", "interval", "benjamini-hochberg", "SPSS:", "Internal"):
        assert word in lines
    explain(EDITION, "W01", [f"{row}:{column}"], as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["cell"]["estimate"]["value"] == stored(row, column)["estimate"]
    explain(EDITION, "W01", [f"{row} {column}"], as_json=True)
    assert json.loads(capsys.readouterr().out) == told

"""Comparing two editions or runs: what differs, and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import explained

from flows.commands.diff import diff
from flows.edges import open_store
from flows.errors import Refusal
from flows.workbench.explain_editions import published_numbers
from flows.workbench.run_diff import RunDiff, diff_of


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return explained.processed(tmp_path_factory.mktemp("klein"), explained.ALL_LARGE)


@pytest.fixture
def klein(
    processed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home of the test's own in which the small survey has one edition."""
    return explained.copied(processed, tmp_path_factory.mktemp("home"), monkeypatch)


def answers(n: int = 400, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    return explained.answers(n, seed, explained.ALL_LARGE)


def again(klein: Path, seed: int = 1, version: str = "k1") -> None:
    """One more edition, of the answers that are current."""
    frame, profile = answers(seed=seed)
    explained.process(klein, frame, profile, version)


def new_answers(seed: int = 2) -> None:
    frame, _ = answers(420, seed)
    with open_store() as store:
        explained.add_answers(store, frame, "b")


def changed(klein: Path, name: str, old: str, new: str) -> None:
    """The definition with a text replaced."""
    path = klein / "surveys" / "klein" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def kinds(found: RunDiff) -> set[str]:
    return {reason.kind for reason in found.reasons}


def folders(klein: Path) -> tuple[Path, Path]:
    """The earlier edition and the newest one."""
    outputs = klein / "outputs" / "klein"
    return outputs / "editions" / "wijk" / "1", outputs / "dossiers" / "wijk"


def test_other_answers_are_why_numbers_differ(klein: Path) -> None:
    new_answers()
    frame, profile = answers(420, 2)
    explained.process(klein, frame, profile)
    found = diff_of("klein", "wijk")
    assert (found.before.name, found.after.name) == ("klein/wijk/1", "klein/wijk/2")
    told = " ".join(reason.text for reason in found.reasons)
    assert {"answers", "weights", "profiles"} <= kinds(found)
    assert "panel.csv is another file" in told
    assert "Respondents kept: 392, then 412." in told
    assert "by the same scheme" in told
    before, after = (published_numbers(folder) for folder in folders(klein))
    keys = ["table", "answer", "column"]
    both = before.merge(after, on=keys, suffixes=("_before", "_after"))
    both = both[both["flag_before"].ne("below") & both["flag_after"].ne("below")]
    expected = both[both["value_before"] != both["value_after"]]
    numbers = [cell for cell in found.tables.cells if "number" in cell.what]
    plain = [c for c in numbers if "below" not in (c.before.flag, c.after.flag)]  # type: ignore[union-attr]
    assert len(plain) == len(expected) > 5
    sizes = [round(cell.size, 9) for cell in numbers]
    assert sizes == sorted(sizes, reverse=True)


def test_another_scheme_is_named_with_its_margins(klein: Path) -> None:
    changed(klein, "weighting.yaml", "ja: 0.4, nee: 0.6", "ja: 0.2, nee: 0.8")
    again(klein)
    found = diff_of("klein/wijk/1", "2")
    assert kinds(found) == {"weights"}
    (reason,) = found.reasons
    assert reason.text.startswith("The weighting scheme differs: targets or rules")
    assert "efficiency" in reason.text
    assert found.tables.cells


def test_another_model_is_named_with_who_moved(klein: Path) -> None:
    frame, profile = answers()
    moved = profile.copy()
    moved[5:25] = "groen"
    explained.process(klein, frame, moved, "k2")
    found = diff_of("klein", "wijk")
    told = [reason.text for reason in found.reasons]
    assert kinds(found) == {"profiles"}
    assert "Profile model k1, then k2." in told
    assert any("groen" in text and "rood" in text for text in told)


def test_definitions_and_wording_are_told(klein: Path) -> None:
    changed(klein, "questionnaire.yaml", "Ik woon hier graag", "Ik woon hier met plezier")
    changed(klein, "dossier.yaml", "themes:", "publication: {minimum_base: 25}\nthemes:")
    again(klein)
    found = diff_of("klein", "wijk")
    assert kinds(found) == {"definitions"}
    told = " ".join(reason.text for reason in found.reasons)
    assert "minimum_base 30, then 25" in told
    assert "questionnaire.yaml or the theme's dossier.yaml" in told
    (text,) = found.tables.texts
    assert (text.table, text.before, text.after) == (
        "W01", "Ik woon hier graag", "Ik woon hier met plezier",
    )  # fmt: skip


def test_recorded_hashes_say_which_definition(klein: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run keeps the hashes of its definitions, these are compared."""
    from flows.store import Store

    made = Store.add_table_run

    def keeping(hashes: dict[str, str]) -> None:
        def add(self: Store, *arguments: object) -> object:
            *others, summary = arguments
            return made(self, *others, {**summary, "definitions": hashes})  # type: ignore[dict-item, arg-type]

        monkeypatch.setattr(Store, "add_table_run", add)

    changed(klein, "questionnaire.yaml", "Ik woon hier graag", "a")
    keeping({"questionnaire": "1", "dossier": "1"})
    again(klein)
    changed(klein, "questionnaire.yaml", "nl: a", "nl: b")
    keeping({"questionnaire": "2", "dossier": "1"})
    again(klein)
    found = diff_of("klein", "wijk")
    assert [r.text for r in found.reasons] == ["The definitions differ: questionnaire."]


def test_the_same_compared_with_itself_differs_in_nothing(klein: Path) -> None:
    found = diff_of("klein/wijk/1", "klein/wijk/1")
    assert found.reasons == ()
    assert found.tables.changed == ()


def test_a_run_is_published_again_and_compared(klein: Path) -> None:
    changed(klein, "weighting.yaml", "ja: 0.4, nee: 0.6", "ja: 0.2, nee: 0.8")
    again(klein)
    by_file = diff_of("klein", "wijk")
    by_run = diff_of("1", "2")
    assert by_run.tables.cells == by_file.tables.cells
    assert kinds(by_run) == {"weights"}
    assert any("published by today's rules" in note for note in by_run.notes)
    assert any("Texts are not compared" in note for note in by_run.notes)
    mixed = diff_of("klein/wijk/1", "1")
    assert mixed.tables.cells == ()


def test_published_files_alone_are_compared_too(
    klein: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_answers()
    frame, profile = answers(420, 2)
    explained.process(klein, frame, profile)
    here = diff_of("klein", "wijk")
    for name, folder in zip(("a", "b"), folders(klein), strict=True):
        shutil.copytree(folder, tmp_path / name)
    monkeypatch.setenv("THEMADOSSIER_STORE", str(tmp_path / "empty"))
    found = diff_of(str(tmp_path / "a"), str(tmp_path / "b"))
    assert found.tables == here.tables
    assert any("from the hashes in the manifests alone" in note for note in found.notes)
    assert {"answers", "weights", "profiles"} <= kinds(found)


def test_nothing_recorded_differs_is_said(klein: Path, tmp_path: Path) -> None:
    shutil.copytree(folders(klein)[1], tmp_path / "edited")
    path = tmp_path / "edited" / "tables.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, "value"] = "0.99"
    frame.to_csv(path, index=False)
    found = diff_of("klein/wijk", str(tmp_path / "edited"))
    assert len(found.tables.cells) == 1
    assert kinds(found) == {"none"}


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("klein", "wijk", "klein wijk has one edition in the store"),
        ("klein", "water", "klein water has no edition in the store"),
        ("klein/wijk/1", "9", "there is no such edition"),
        ("1", "99", "no table run with this id"),
        ("klein/wijk/1", "surveys", "has no manifest.json"),
        ("klein/wijk/1", "nergens/iets", "there is no such edition"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    first: str, second: str, says: str, klein: Path
) -> None:
    with pytest.raises(Refusal) as refusal:
        diff_of(first, second)
    assert says in str(refusal.value)


def test_two_themes_are_not_compared(klein: Path, tmp_path: Path) -> None:
    shutil.copytree(folders(klein)[1], tmp_path / "other")
    path = tmp_path / "other" / "manifest.json"
    entries = json.loads(path.read_text(encoding="utf-8")) | {"theme": "water"}
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(Refusal, match="Compare two of the same theme"):
        diff_of("klein/wijk", str(tmp_path / "other"))


def test_the_command_prints_lines_json_and_a_table(
    klein: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(klein, "weighting.yaml", "ja: 0.4, nee: 0.6", "ja: 0.1, nee: 0.9")
    again(klein)
    found = diff_of("klein", "wijk")
    diff("surveys/klein", "wijk", csv=tmp_path / "x.csv")
    lines = capsys.readouterr().out
    assert "weights: The weighting scheme differs" in lines
    assert found.tables.changed[0].summary["en"] in lines
    written = pd.read_csv(tmp_path / "x.csv")
    assert len(written) == len(found.tables.cells)
    largest = found.tables.cells[0]
    assert written["change"][0] == pytest.approx(largest.change)
    assert (written["table"][0], str(written["answer"][0])) == (largest.table, largest.row)
    diff("klein", "wijk", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert len(told["tables"]) == len(found.tables.changed)
    diff("klein/wijk/1", "klein/wijk/1")
    assert "No published number, mark or text differs." in capsys.readouterr().out


def test_a_file_of_changes_is_replaced_on_demand_only(
    klein: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that came is a line, though no cell of it was there before."""
    numbers = pd.read_csv(folders(klein)[1] / "tables.csv", dtype=str, keep_default_na=False)
    shutil.copytree(folders(klein)[1], tmp_path / "less")
    numbers[numbers["table"] != "W03"].to_csv(tmp_path / "less" / "tables.csv", index=False)
    file = tmp_path / "x.csv"
    diff(str(tmp_path / "less"), "klein/wijk", csv=file)
    assert f"Every change: {file}" in capsys.readouterr().out
    (line,) = pd.read_csv(file).to_dict("records")
    assert (line["table"], line["what"]) == ("W03", "table added")
    with pytest.raises(Refusal, match=r"is there already; .* --replace"):
        diff("klein/wijk", "klein/wijk", csv=file)
    assert len(pd.read_csv(file)) == 1
    diff("klein/wijk", "klein/wijk", csv=file, replace=True)
    assert len(pd.read_csv(file)) == 0
    assert f"Every change: {file}" in capsys.readouterr().out
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    ("place", "says"),
    [("", "is a folder"), ("nowhere/x.csv", "no such folder"), ("edition", "of an edition")],
)
def test_no_file_of_changes_where_none_can_be(
    place: str, says: str, klein: Path, tmp_path: Path
) -> None:
    edition = folders(klein)[1] / "tables.csv"
    file = edition if place == "edition" else tmp_path / place
    was = edition.read_bytes()
    with pytest.raises(Refusal, match=says):
        diff("klein/wijk", "klein/wijk", csv=file, replace=True)
    assert edition.read_bytes() == was

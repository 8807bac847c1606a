"""The kits and compositions as an analyst gets them: from a store, to the outputs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "profiles"))
from profiles_world import plan, questionnaire, world
from test_dossier_typing_kit import PROFILES, typing_model

from flows.definitions import Survey, load_survey
from flows.dossiers import typing_kit, typing_kit_composition
from flows.dossiers.typing_kit import write_typing_kit
from flows.dossiers.typing_kit_composition import composition_of_file
from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles.typing import type_respondents_by

NAMES = tuple(profile.label for profile in PROFILES)


class FewNames:
    """Of a fitted model, what the kits need."""

    @staticmethod
    def from_dict(data: object) -> SimpleNamespace:
        return SimpleNamespace(
            codes=typing_model().codes, names=NAMES, named=(True,) * len(NAMES), seed=3
        )


@pytest.fixture
def folder(home: Path, surveys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A survey with a draft that types by golden questions."""
    real = surveys / "staat_van_betrokkenheid"
    update = {"questionnaire": questionnaire(), "profiles": plan(profiles=PROFILES)}
    survey: Survey = load_survey(real).model_copy(update=update)
    monkeypatch.setattr(typing_kit, "PEOPLE", 4)
    for module in (typing_kit, typing_kit_composition):
        monkeypatch.setattr(module, "load_survey", lambda _: survey)
        monkeypatch.setattr(module, "ProfileModel", FewNames)
    with open_store() as store:
        parameters = {"model": {}, "typing": typing_model().to_dict()}
        store.add_model(survey.code, "t1", "draft", "a" * 64, parameters, {})
    return real


@pytest.fixture(scope="module")
def sent() -> pd.DataFrame:
    """Answers as a municipality sends them, with what it should not have sent."""
    frame = world(120, seed=6, missing=0.05).frame
    columns = [column.name for column in typing_model().columns if column.scores]
    cells = frame[columns].astype(str).replace({".dont_know": "9", ".skipped": "", ".": ""})
    cells["age"] = frame["age"].astype(int).astype(str)
    cells["edu"] = frame["edu"].astype(str)
    cells["E-mail"] = [f"person{i}@example.org" for i in range(120)]
    return cells


def test_kits_in_two_languages_that_say_what_they_are(home: Path, folder: Path) -> None:
    done = write_typing_kit(folder)
    place = home / "outputs" / "staat_van_betrokkenheid" / "typing"
    stems = ("typeerhulp-t1-concept", "zelftest-t1-concept")
    names = sorted(f"{stem}{end}" for stem in stems for end in (".xlsx", ".en.xlsx"))
    assert sorted(path.name for path in place.iterdir()) == names
    for name in names:
        workbook = openpyxl.load_workbook(place / name)
        shown = [sheet for sheet in workbook if sheet.sheet_state == "visible"]
        for sheet in shown:
            if sheet.title in ("Parameters", "Berekening", "Calculation"):
                continue
            status = str(sheet["A4"].value)
            assert ("simulated" if ".en." in name else "gesimuleerd") in status
            assert ("DRAFT" if ".en." in name else "CONCEPT") in status
    assert len(done.lines) <= 5
    assert done.lines[-1].startswith("Next: themadossier")
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    write_typing_kit(folder)
    assert before == {path.name: path.read_bytes() for path in place.iterdir()}
    with pytest.raises(Refusal, match=r"no profile model t9 in the store \(it has t1\)"):
        write_typing_kit(folder, "t9")


def test_a_composition_leaves_and_no_person_does(
    home: Path, folder: Path, sent: pd.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "Gemeente X.csv"
    sent.to_csv(file, index=False)
    done = composition_of_file(folder, file)
    assert "Profile mix of" in done.lines[0]
    assert len(done.lines) <= 5
    place = home / "outputs" / "staat_van_betrokkenheid" / "typing"
    table = pd.read_csv(place / "samenstelling-gemeente-x-concept.csv")
    assert table["share"].sum() == pytest.approx(1)
    assert (table["low"] <= table["share"]).all()
    assert table["n"].nunique() == 1
    typed = type_respondents_by(
        typing_model(), world(120, seed=6, missing=0.05).frame, questionnaire()
    )
    soft = typed.probabilities.mean(axis=0)
    assert np.abs(table["share"] - soft).max() < 0.25
    sheet = openpyxl.load_workbook(place / "samenstelling-gemeente-x-concept.xlsx").active
    assert [sheet.cell(8 + k, 2).value for k in range(5)] == list(table["share"])
    ledger = (home / "store" / "compositions.json").read_text()
    everything = b"".join(p.read_bytes() for p in home.rglob("*") if p.is_file() and p != file)
    assert b"person1@example.org" not in everything
    assert {len(each) for each in json.loads(ledger)["files"].popitem()[1]} == {256}

    composition_of_file(folder, file)  # the same file again may
    fewer = tmp_path / "again.csv"
    sent.iloc[3:].to_csv(fewer, index=False)
    with pytest.raises(Refusal, match="differs in only a few rows"):
        composition_of_file(folder, fewer)
    assert not (place / "samenstelling-again-concept.csv").exists()
    sent.iloc[:20].to_csv(fewer, index=False)
    with pytest.raises(Refusal, match="needs at least 30"):
        composition_of_file(folder, fewer)


def test_an_excel_file_is_read_like_csv(
    home: Path, folder: Path, sent: pd.DataFrame, tmp_path: Path
) -> None:
    sent.to_csv(tmp_path / "a.csv", index=False)
    composition_of_file(folder, tmp_path / "a.csv")
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Onderzoek"])
    sheet.append(list(sent.columns))
    for row in sent.itertuples(index=False):
        sheet.append([int(cell) if str(cell).isdigit() else cell or None for cell in row])
    workbook.save(tmp_path / "b.xlsx")
    composition_of_file(folder, tmp_path / "b.xlsx")
    place = home / "outputs" / "staat_van_betrokkenheid" / "typing"
    first, second = (place / f"samenstelling-{name}-concept.csv" for name in "ab")
    assert first.read_text() == second.read_text()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("no.csv", None, "does not exist"),
        ("no.xlsx", None, "does not exist"),
        ("bad.xlsx", b"PK\x03\x04nothing", "cannot be read as an Excel workbook"),
        ("odd.csv", b"a,b\n1,2\n", "odd.csv lacks D1_a"),
    ],
)
def test_files_that_cannot_be_used_are_refused(
    home: Path, folder: Path, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refusal, match=told):
        composition_of_file(folder, file)
    assert not (home / "store" / "compositions.json").exists()

"""The typing kits: recalculated by LibreOffice, they must say what the code says."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "profiles"))
from profiles_world import questionnaire

from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES
from flows.definitions.profile_plan import Profile
from flows.dossiers.typing_kit_book import KitBook
from flows.dossiers.typing_kit_bureau import HEADER, write_bureau
from flows.dossiers.typing_kit_parts import KitParts, kit_parts, unique_labels
from flows.dossiers.typing_kit_selftest import write_selftest
from flows.dossiers.typing_kit_texts import KitWords
from flows.errors import Refusal
from flows.profiles.answers import Concomitants, scored_columns
from flows.profiles.golden import GoldenScorer
from flows.profiles.typing import TypingModel, type_respondents_by
from flows.profiles.typing_quality import TypingQuality

K, PEOPLE = 5, 50
AGES = {"a1": 20.0, "a2": 40.0, "a3": 60.0}
LEVELS = ("low", "mid", "high")
QUALITY = TypingQuality(0.81, 0.7, 0.7, 0.01, 0.1, 0.04, 900, sure_share=0.6, sure_accuracy=0.9)


def typing_model() -> TypingModel:
    """A typing model with made-up parameters: a grid, a number among the questions."""
    rng = np.random.default_rng(8)
    survey = questionnaire()
    columns = scored_columns(survey, ("D1_a", "D1_b", "D2", "age"))
    g, spread = len(columns), np.array([0.2, 0.4, 0.5, 0.3, 0.6])
    root = rng.normal(size=(g, g))
    covariance = root @ root.T / g + 0.4 * np.eye(g)
    concomitants = Concomitants(
        ("age3", "edu"),
        (("a1", "a2", "a3"), LEVELS),
        (0.3, 0.4, 0.3, 0.5),
        (spread[0], 0.5, 0.0, 0.4),  # a level that nobody had
    )
    centre = np.r_[np.full(g - 1, -3.0), 45.0]
    scorer = GoldenScorer(
        centre,
        np.r_[np.full(g - 1, 1.2), 16.0],
        rng.normal(size=(K, g)),
        covariance,
        rng.normal(scale=0.8, size=(5, K)),
        1.3,
    )
    codes = tuple(f"p{k}" for k in range(1, K + 1))
    return TypingModel("t1", codes, columns, concomitants, scorer, QUALITY)


PROFILES = tuple(
    Profile(
        code=f"p{k}",
        nl=f"=Naam {k}",  # a name that could be read as a formula
        en=f"Name {k}",
        alias=Text(nl=f"Profiel {k}", en=f"Profile {k}"),
        description=Text(nl=f"Beschrijving {k}", en=f"Description {k}"),
        public=k == 1,
    )
    for k in range(1, K + 1)
)


def parts_of(typing: TypingModel, named: bool = True) -> KitParts:
    names = [profile.label for profile in PROFILES]
    return kit_parts(typing, questionnaire(), PROFILES, names, [named] * K)


def bureau(path: Path, language: str = "nl", people: int = PEOPLE) -> Path:
    book = KitBook("Typeerhulp", "Proef", "Bureau", language, date(2026, 3, 1))
    write_bureau(book, parts_of(typing_model()), QUALITY, KitWords(language), "CONCEPT", people)
    return book.save(path)


def selftest(path: Path, language: str = "nl") -> Path:
    book = KitBook("Zelftest", "Proef", "Bureau", language, date(2026, 3, 1))
    write_selftest(book, parts_of(typing_model()), KitWords(language), "CONCEPT")
    return book.save(path)


def recalculated(files: list[Path], folder: Path) -> list[openpyxl.Workbook]:
    """The workbooks with the values that LibreOffice computes."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    run = [office, f"-env:UserInstallation={(folder / 'office').as_uri()}", "--headless"]
    run += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "out")]
    subprocess.run([*run, *map(str, files)], check=True, capture_output=True, timeout=120)
    return [openpyxl.load_workbook(folder / "out" / f.name, data_only=True) for f in files]


WRONG = {3: "7", 11: "*", 17: "?", 23: "=1/0", 29: "1.5", 31: "a"}


def people() -> list[list[object]]:
    """Cells of many people: codes as text or number, don't know, nothing, whole rows empty."""
    rng = np.random.default_rng(4)
    columns = typing_model().columns
    rows = []
    for person in range(PEOPLE):
        rate = (0.0, 0.3, 0.6, 0.9, 1.0)[person % 5]
        row: list[object] = []
        for column in columns:
            if rng.random() < rate:
                row.append(None)
            elif not column.scores:
                row.append(float(rng.integers(18, 90)))
            else:
                code = str(rng.choice(["1", "2", "3", "4", "5", "9", ".skipped"]))
                row.append(int(code) if code.isdigit() and rng.random() < 0.5 else code)
        row.append(None if rng.random() < 0.3 else str(rng.choice(list(AGES))))
        row.append(None if rng.random() < 0.3 else str(rng.choice(LEVELS)))
        rows.append(row)
    rows[40] = [None] * len(rows[40])
    return rows


def by_code(rows: list[list[object]]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of these people by the code."""
    typing = typing_model()
    frame: dict[str, object] = {}
    for j, column in enumerate(typing.columns):
        cells = [row[j] for row in rows]
        if not column.scores:
            frame[column.name] = [np.nan if c is None else float(c) for c in cells]
            continue
        codes = [{None: ".skipped", "9": ".dont_know"}.get(c, c) for c in map(_code, cells)]
        frame[column.name] = pd.Categorical(
            codes, categories=["1", "2", "3", "4", "5", *MISSING_CODES]
        )
    # the level of the age is filled in apart from the age itself
    levels = [row[-2] for row in rows]
    frame["edu"] = pd.Categorical(
        [row[-1] or ".skipped" for row in rows], categories=[*LEVELS, *MISSING_CODES]
    )
    ages = frame.pop("age")
    result = np.full((len(rows), K), np.nan)
    labels = np.full(len(rows), "", dtype=object)
    for i, level in enumerate(levels):
        one = pd.DataFrame({name: values[i : i + 1] for name, values in frame.items()})
        one["age"] = [ages[i]]
        # the design takes the level, the golden question the number
        design = typing.concomitants.design(
            one.assign(age=AGES.get(str(level), np.nan)), questionnaire()
        )
        alone = replace(typing, concomitants=_Fixed(design))  # type: ignore[arg-type]
        typed = type_respondents_by(alone, one, questionnaire())
        result[i], labels[i] = typed.probabilities[0], typed.labels[0]
    return labels, result


class _Fixed:
    """Demographics whose design is known."""

    def __init__(self, design: np.ndarray) -> None:
        self._design = design

    def design(self, *_: object) -> np.ndarray:
        return self._design

    def absent(self, *_: object) -> tuple[str, ...]:
        return ()


def _code(cell: object) -> str | None:
    return None if cell is None else str(cell)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[openpyxl.Workbook]:
    """Filled in and recalculated: the bureau's kit, and self-tests of five people."""
    folder = tmp_path_factory.mktemp("kit")
    files = [_filled_bureau(folder / "bureau.xlsx")]
    for name, answered in (("all", 7), ("few", 2), ("none", 0), ("wrong", 7)):
        files.append(_filled_test(folder / f"{name}.xlsx", answered, wrong=name == "wrong"))
    files.append(bureau(folder / "english.xlsx", "en", people=3))
    files.append(_changed(folder / "changed.xlsx"))
    return recalculated(files, folder)


def _changed(path: Path) -> Path:
    workbook = openpyxl.load_workbook(bureau(path, people=2))
    workbook["Parameters"].cell(5, 6).value += 0.001
    workbook.save(path)
    return path


def _filled_bureau(path: Path) -> Path:
    workbook = openpyxl.load_workbook(bureau(path))
    sheet = workbook["Invoer"]
    for i, row in enumerate(people()):
        for j, cell in enumerate(row):
            sheet.cell(HEADER + 1 + i, 2 + j).value = cell  # type: ignore[assignment]
    for i, cell in WRONG.items():
        sheet.cell(HEADER + 1 + i, 3).value = cell
    sheet.cell(HEADER + 1 + 37, 2 + len(people()[0]) - 1).value = "university"
    workbook.save(path)
    return path


ANSWERED = 2


def _filled_test(path: Path, answered: int, *, wrong: bool) -> Path:
    workbook = openpyxl.load_workbook(selftest(path))
    sheet, parts = workbook["Zelftest"], parts_of(typing_model())
    for j, question in enumerate(parts.questions[:answered]):
        labels = unique_labels(question.entries, "nl")
        sheet.cell(8 + j, 3).value = labels[ANSWERED] if question.number is None else 40
    sheet.cell(8 + len(parts.questions), 3).value = "a2"
    if wrong:
        sheet.cell(8, 3).value = "weet ik veel"
    workbook.save(path)
    return path


def columns_of_bureau() -> int:
    typing = typing_model()
    return 2 + len(typing.columns) + len(typing.concomitants.variables)


def test_the_bureau_kit_gives_the_probabilities_of_the_code(
    books: list[openpyxl.Workbook],
) -> None:
    sheet, at = books[0]["Invoer"], columns_of_bureau()
    labels, expected = by_code(people())
    worst, compared = 0.0, 0
    for i in range(PEOPLE):
        row = HEADER + 1 + i
        found = [sheet.cell(row, at + 3 + k).value for k in range(K)]
        told, profile = sheet.cell(row, at).value, sheet.cell(row, at + 1).value
        if i in WRONG or i == 37:
            where = "D1_b" if i in WRONG else "edu"
            assert told == f"Onbekende code bij {where}. Verbeter de code."
            assert found == [None] * K
            assert profile is None
            continue
        if all(cell is None for cell in people()[i]):
            assert [told, profile, *found] == [None] * (K + 2)
            continue
        worst = max(worst, float(np.abs(np.array(found, dtype=float) - expected[i]).max()))
        compared += 1
        if labels[i] == "":
            assert (profile, sheet.cell(row, at + 2).value) == ("geen profiel", None)
        elif expected[i].max() < 0.6:
            assert (profile, told) == ("te onzeker", "Te onzeker voor een profiel.")
        else:
            assert profile == f"=Naam {str(labels[i])[1:]}"
    assert compared > 30
    assert worst < 1e-9
    assert (labels == "").sum() > 5


def test_the_kit_checks_its_own_sums(books: list[openpyxl.Workbook]) -> None:
    assert books[0]["Uitleg"].cell(HEADER + 1, 2).value == "Klopt"
    assert books[-2]["Guide"].cell(HEADER + 1, 2).value == "Correct"


def test_a_number_that_was_changed_is_noticed(books: list[openpyxl.Workbook]) -> None:
    assert books[-1]["Uitleg"].cell(HEADER + 1, 2).value.startswith("KLOPT NIET")


def outcome(book: openpyxl.Workbook) -> list[str]:
    """What stands from the outcome on, as far as there is something."""
    sheet = book["Zelftest"]
    cells = [str(c.value) for row in sheet.iter_rows(min_row=8 + 9) for c in row if c.value]
    return cells[cells.index("Uitkomst") + 1 :]


def test_the_self_test_answers_in_words(books: list[openpyxl.Workbook]) -> None:
    parts = parts_of(typing_model())
    answers = np.array([[q.entries[ANSWERED].value or 0.0 for q in parts.questions]])
    number = parts.questions[-1].number
    assert number is not None
    answers[0, -1] = 40 * number[0] - number[1]
    answers[:, 7:] = np.nan
    p = parts.probabilities(answers, np.array([[1, -1]]))[0]
    first = int(p.argmax())
    said = outcome(books[1])
    assert parts.profiles[first].public_name["nl"] in said
    assert f"Beschrijving {first + 1}" in said
    assert "Dit is een model." in " ".join(said)
    words = ["heel waarschijnlijk", "waarschijnlijk", "goed mogelijk", "mogelijk"]
    steps = [0.8, 0.6, 0.4, 0.2]
    expected = next(
        (w for w, s in zip(words, steps, strict=True) if p[first] >= s), "minder waarschijnlijk"
    )
    assert said[said.index(parts.profiles[first].public_name["nl"]) + 1] == expected
    assert not any("%" in text for text in said)


@pytest.mark.parametrize(
    ("which", "told"),
    [(2, "Nog geen uitkomst"), (3, "Nog geen uitkomst"), (4, "Bij een vraag staat iets")],
)
def test_too_few_answers_or_background_alone_give_no_group(
    books: list[openpyxl.Workbook], which: int, told: str
) -> None:
    said = outcome(books[which])
    assert said[0].startswith(told)
    names = {profile.public_name["nl"] for profile in parts_of(typing_model()).profiles}
    assert not names & set(said)


def test_names_that_are_not_public_get_their_alias_and_strange_ones_no_description() -> None:
    profiles = parts_of(typing_model()).profiles
    assert profiles[0].public_name["en"] == "Name 1"
    assert profiles[1].public_name["en"] == "Profile 2: Name 2"
    assert parts_of(typing_model(), named=False).profiles[0].description is None


def test_no_macros_no_foreign_functions_and_the_same_bytes_again(tmp_path: Path) -> None:
    first, again = bureau(tmp_path / "a.xlsx", people=3), bureau(tmp_path / "b.xlsx", people=3)
    assert _sha(first) == _sha(again)
    workbook = openpyxl.load_workbook(first)
    assert not workbook.vba_archive
    formulas = [
        str(getattr(cell.value, "text", cell.value))
        for sheet in workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert len(formulas) > 300
    assert not any("_xl" in text or "LET(" in text or "LAMBDA(" in text for text in formulas)
    names = [cell for cell in workbook["Parameters"]["B"] if cell.value == "=Naam 2"]
    assert [cell.data_type for cell in names] == ["s"]


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_questionnaire_without_the_questions_is_refused() -> None:
    names = [profile.label for profile in PROFILES]
    with pytest.raises(Refusal, match="has no D1_a, which the typing model needs"):
        kit_parts(typing_model(), questionnaire(("D2",)), PROFILES, names, [True] * K)

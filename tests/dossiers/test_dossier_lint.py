"""Each fault the lint knows of is made, and must be found."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from flows.dossiers.content import DossierContent
from flows.dossiers.lint import contrast, lint
from flows.dossiers.package import FixedZip
from flows.dossiers.theme import ROLES

SHEET = "xl/worksheets/sheet10.xml"  # E07
CONTENTS = "xl/worksheets/sheet2.xml"
CHART = "xl/charts/chart7.xml"

FAULTS: list[tuple[str, str, str, str, str]] = [
    (
        "merged",
        SHEET,
        r"(?=<hyperlinks>)",
        '<mergeCells><mergeCell ref="A1:B1"/></mergeCells>',
        "merged cells",
    ),
    ("formula", SHEET, r"<v>0\.68</v>", "<f>1+1</f><v>0.68</v>", "holds a formula"),
    ("nan", SHEET, r"<v>0\.68</v>", "<v>nan</v>", "no number"),
    ("wide number", SHEET, r"<v>1204</v>", "<v>1204000000000</v>", "shows as ####"),
    ("empty", SHEET, r"<v>0\.68</v>", "", "is empty"),
    ("active cell", SHEET, r'activeCell="A1"', 'activeCell="C4"', "active instead of A1"),
    ("gridlines", SHEET, r'showGridLines="0"', 'showGridLines="1"', "gridlines"),
    ("hidden row", SHEET, r'<row r="9" ', '<row r="9" hidden="1" ', "hidden rows"),
    ("link", SHEET, r"'Inhoud'!A1", "'Elders'!A1", "leads to no sheet"),
    ("low row", SHEET, r'<row r="8" ht="[\d.]+"', '<row r="8" ht="12"', "too low"),
    (
        "long title",
        SHEET,
        r'(?<=aardgas wonen)(?=</t></is></c><c r="B1")',
        " en meer" * 16,
        "cut off",
    ),
    ("jargon", SHEET, r"In % van huiseigenaren", "In % (n=12, ongewogen) van", "should not read"),
    ("never", SHEET, r"In % van huiseigenaren", "Dit is representatief voor", "should not read"),
    ("sure", SHEET, r"In % van huiseigenaren", "Dit is betrouwbaar voor", "should not read"),
    ("cut link", CONTENTS, r"(?<=>Leeswijzer)(?=</t>)", " en meer" * 16, "the link in row"),
    ("status", SHEET, r"VOORBEELD - gesimuleerd", "Voorbeeld", "does not say"),
    (
        "header",
        "xl/tables/table9.xml",
        r'name="Nederland"',
        'name="Holland"',
        "not its column names",
    ),
    (
        "double header",
        "xl/tables/table9.xml",
        r'name="Nederland"',
        'name="Drukke Starters"',
        "empty or double",
    ),
    (
        "table name",
        "xl/tables/table9.xml",
        r'displayName="tbl_E07"',
        'displayName="tbl_e05"',
        "used twice",
    ),
    (
        "cell-like name",
        "xl/tables/table9.xml",
        r'displayName="tbl_E07"',
        'displayName="tbl1"',
        "reads as a cell",
    ),
    (
        "filter",
        "xl/tables/table9.xml",
        r"(?=<tableColumns)",
        '<autoFilter ref="A7:J17"/>',
        "filter buttons",
    ),
    ("axis", CHART, r'<delete val="0"/>', '<delete val="1"/>', "hides its axis"),
    ("overlay", CHART, r'<overlay val="0"/>', "", "lays its title"),
    ("corners", CHART, r'<roundedCorners val="0"/>', "", "rounded corners"),
    ("cache", CHART, r"<numCache>.*?</numCache>", "", "no numbers of its own"),
    ("other number", CHART, r"<v>0\.68</v>", "<v>0.7</v>", "other numbers or names"),
    ("other name", CHART, r"<v>Kritische Kijkers</v>", "<v>Kijkers</v>", "other numbers or names"),
    ("loose range", CHART, r"\$D\$", "D", "no fixed range"),
    ("alt text", "xl/drawings/drawing7.xml", r'descr="[^"]+"', 'descr=""', "no alt text"),
    (
        "empty alt text",
        "xl/drawings/drawing7.xml",
        r'descr="[^"]+"',
        'descr="Grafiek van E07"',
        "only what it is",
    ),
    ("active sheet", "xl/workbook.xml", r'activeTab="0"', 'activeTab="3"', "not the active one"),
    (
        "hidden sheet",
        "xl/workbook.xml",
        r'(name="E07" sheetId="10" state=)"visible"',
        r'\1"hidden"',
        "is hidden",
    ),
    ("language", "docProps/core.xml", r"nl-NL", "en-US", "document language"),
    ("library", "docProps/app.xml", r"Microsoft Excel", "openpyxl 3.1.5", "name the library"),
    ("contrast", "xl/styles.xml", r"FF5B666B", "FFB0B8BC", "contrast of"),
    ("font", "xl/styles.xml", r'name val="Calibri"', 'name val="Arial"', "is set in Arial"),
]


def damaged(path: Path, part: str, change: Callable[[str], str], to: Path) -> Path:
    with ZipFile(path) as source, FixedZip(to, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == part:
                text = data.decode()
                after = change(text)
                assert after != text, f"{part} did not change"
                data = after.encode()
            # the writer fixes app.xml itself, which one of the faults is about
            ZipFile.writestr(target, _entry(name), data)
    return to


def _entry(name: str) -> ZipInfo:
    return ZipInfo(name, (1980, 1, 1, 0, 0, 0))


@pytest.mark.parametrize(
    ("part", "old", "new", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_a_fault_is_found(
    part: str,
    old: str,
    new: str,
    message: str,
    files: dict[str, Path],
    contents: dict[str, DossierContent],
    tmp_path: Path,
) -> None:
    path = damaged(
        files["nl"], part, lambda text: re.sub(old, new, text, flags=re.DOTALL), tmp_path / "x.xlsx"
    )
    faults = lint(path, contents["nl"])
    assert any(message in fault for fault in faults), faults


def test_parts_with_a_time_of_making_are_found(
    files: dict[str, Path], contents: dict[str, DossierContent], tmp_path: Path
) -> None:
    path = tmp_path / "dated.xlsx"
    with ZipFile(files["nl"]) as source, ZipFile(path, "w") as target:
        for place, name in enumerate(source.namelist()):
            target.writestr(ZipInfo(name, (1990 + place % 2, 1, 1, 0, 0, 0)), source.read(name))
    assert any("dates of their making" in fault for fault in lint(path, contents["nl"]))


def test_words_of_the_survey_itself_are_not_judged(
    files: dict[str, Path], contents: dict[str, DossierContent], tmp_path: Path
) -> None:
    question = "De raad is representatief en let op significant verschil"
    path = damaged(
        files["nl"],
        SHEET,
        lambda text: text.replace("In % van huiseigenaren", question, 1),
        tmp_path / "x.xlsx",
    )
    content = replace(contents["nl"], quoted=contents["nl"].quoted | {question})
    assert lint(path, content) == []
    assert len(lint(path, contents["nl"])) == 2


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("000000", "FFFFFF") == pytest.approx(21)
    assert contrast("12394A", "FFFFFF") == pytest.approx(12.3, abs=0.1)
    assert contrast("A8540C", "FFFFFF") == pytest.approx(5.3, abs=0.1)


def test_every_role_can_be_read() -> None:
    for name, role in ROLES.items():
        if name not in ("band", "rule"):
            assert contrast(role.colour, role.fill or "FFFFFF") >= 4.5, name

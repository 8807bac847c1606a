"""LibreOffice opens the workbook and prints it as laid out; skipped where it is not installed."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flows.crosstabs.tables import ThemeTables
from flows.definitions.dossier_plan import ThemePlan
from flows.dossiers.build import build_content
from flows.dossiers.content import DossierContent
from flows.dossiers.facts import DossierFacts
from flows.dossiers.workbook import write_workbook

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
PAGES = shutil.which("pdfinfo")


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None or PAGES is None, reason="needs soffice and pdfinfo")
def test_the_sheets_print_one_to_a_page(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan, tmp_path: Path
) -> None:
    content = build_content(tables, facts, plan, "nl")
    short = _without_lists(content)
    path = tmp_path / "nederland.xlsx"
    write_workbook(short, path)
    subprocess.run(
        [
            str(OFFICE),
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(tmp_path),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    told = subprocess.run(
        [str(PAGES), str(tmp_path / "nederland.pdf")], check=True, capture_output=True, text=True
    ).stdout
    pages = int(next(line for line in told.splitlines() if line.startswith("Pages:")).split()[1])
    single = sum(sheet.one_page for sheet in short.sheets)
    assert pages > single
    assert "A4" in told


def _without_lists(content: DossierContent) -> DossierContent:
    """Without the sheet that prints over dozens of pages."""
    kept = tuple(sheet for sheet in content.sheets if sheet.key != "data")
    return replace(content, sheets=kept)

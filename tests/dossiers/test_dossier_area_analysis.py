"""The workbook of an area: fit to hand over, the same bytes again, estimated in ochre and words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from string import Formatter
from zipfile import ZipFile

import numpy as np
import openpyxl
import pytest

from flows.crosstabs.area_analysis.analysis import AreaAnalysis, Mix, Withheld, analyse
from flows.crosstabs.area_analysis.respondents import RespondentMix, participation
from flows.definitions.models import Text
from flows.definitions.own_areas import AreaRules
from flows.dossiers.area_analysis import build_area_content
from flows.dossiers.area_analysis_files import file_stem, write_books
from flows.dossiers.area_analysis_look import AreaFacts
from flows.dossiers.area_analysis_respondents import Took, build_respondents_content
from flows.dossiers.area_analysis_texts import TEXTS
from flows.dossiers.content import DossierContent
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import ProfileFacts
from flows.dossiers.lint import _CLIENT_WORDS_NL, _NEVER, lint
from flows.dossiers.theme import OCHRE
from flows.dossiers.workbook import write_workbook

NAMES = (
    "Idealistische Globalisten", "Gehaaste Gezinnen", "Bescheiden Grijzen", "Betrokken Buren",
    "Nuchtere Meedenkers", "Drukke Starters", "Rustige Volgers", "Profiel 8",
)  # fmt: skip
CODES = tuple(f"p{k}" for k in range(8))
OWN = np.array([0.09, 0.18, 0.17, 0.13, 0.12, 0.08, 0.12, 0.11])
NL = np.array([0.11, 0.14, 0.16, 0.13, 0.13, 0.11, 0.11, 0.11])
WIJK = np.array([0.07, 0.31, 0.10, 0.13, 0.13, 0.05, 0.11, 0.10])


def mix(
    p: np.ndarray, half: float, level: str, code: str, name: str, residents: float = 60_000
) -> Mix:
    label = Text(nl=name, en=name)
    return Mix(level, code, label, residents, p, np.maximum(p - half, 0.001), p + half)


def analysis_of(level: str = "municipality", **changes: object) -> AreaAnalysis:
    own = mix(OWN, 0.015, level, "g01", "Waterrijk", 67_400)
    given: dict[str, object] = {
        "country": mix(NL, 0.005, "country", "NL", "Nederland"),
        "province": mix(NL, 0.01, "province", "pv1", "Noordermeer"),
        "parts": [
            mix(WIJK, 0.04, "wijk", "w1", "Zuiderveld", 10_700),
            mix(OWN, 0.05, "wijk", "w2", "De Hoven & Co <1>", 11_300),
        ],
        "others": [mix(NL, 0.01, "municipality", f"g{i}", f"Gemeente {i}") for i in range(7)],
        "withheld": Withheld(hidden=0.002, cut=0.03, without_data=0.001, parts=1),
    }
    return analyse(own, CODES, **{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def facts() -> AreaFacts:
    def same(text: str) -> Text:
        return Text(nl=text, en=text)

    return AreaFacts(
        survey="staat",
        survey_title=same("Staat van Betrokkenheid"),
        wave=same("Staat 2026"),
        publisher=same("Onderzoeksbureau Voorbeeld"),
        contact=same("dossiers@voorbeeld.nl"),
        usage=same("U mag deze cijfers gebruiken met bronvermelding."),
        coverage=same("Mensen zonder internet doen bijna niet mee."),
        model="m2026",
        model_accepted=False,
        people=9_874,
        base_title=same("Fictieve wereld"),
        base_source=same("Verzonnen gebieden"),
        base_day=date(2026, 1, 1),
        year=2026,
        confidence=0.95,
        profiles=tuple(
            ProfileFacts(code, same(name), same(f"Profiel {code}"), k < 3,
                         same(f"Beschrijving van {name}.") if k else None)
            for k, (code, name) in enumerate(zip(CODES, NAMES, strict=True))
        ),
        sources=(
            (same("Leeftijd"), (("pc6", 0.9), ("pc4", 0.1))),
            (same("Inkomen"), (("wijk", 1.0),)),
        ),
        typed_here=212,
        typed_all=12_000,
        simulated=True,
        research=False,
    )  # fmt: skip


def took() -> Took:
    p = np.array([0.15, 0.18, 0.17, 0.16, 0.15, 0.02, 0.10, 0.07])
    half = np.full(8, 0.02)
    made = RespondentMix(CODES, p, p - half, p + half, half / 2, 818, 12)
    area = mix(OWN, 0.015, "municipality", "g01", "Waterrijk", 67_400)
    wave = Text(nl="Inwonerspeiling 2026", en="Residents' survey 2026")
    return Took(wave, 818, 12, participation(made, area, AreaRules(), made))


Build = Callable[[str], DossierContent]


@pytest.fixture(scope="module")
def builders(facts: AreaFacts) -> dict[str, Build]:
    whole = analysis_of("country", country=None, province=None, others=())
    list_of_parts = analysis_of("own", consists_of=("w1", "w2"), province=None)
    bare = analysis_of("pc4", parts=(), others=())
    research = replace(facts, simulated=False, research=True, model_accepted=True, typed_all=0)
    return {
        "municipality": lambda language: build_area_content(analysis_of(), facts, language),
        "country": lambda language: build_area_content(whole, facts, language),
        "own": lambda language: build_area_content(list_of_parts, research, language),
        "postcode": lambda language: build_area_content(bare, facts, language),
        "respondents": lambda language: build_respondents_content(
            took(), analysis_of(), facts, language
        ),
    }


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("kind", ["municipality", "country", "own", "postcode", "respondents"])
def test_every_workbook_is_fit_to_hand_over(
    kind: str, language: str, builders: dict[str, Build], tmp_path: Path
) -> None:
    content = builders[kind](language)
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(content, tmp_path / name)
    assert lint(tmp_path / "one.xlsx", content) == []
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def texts(content: DossierContent, key: str) -> list[str]:
    sheet = content.sheet(key)
    return [str(c.value) for row in sheet.rows for c in row.cells if c.value is not None]


def test_every_sheet_says_estimated_simulated_and_concept(builders: dict[str, Build]) -> None:
    content = builders["municipality"]("nl")
    for sheet in content.sheets:
        said = " ".join(texts(content, sheet.key))
        assert "VOORBEELD" in said
        assert "CONCEPT" in said
        assert "geschat" in said
    assert "OEFENING" in " ".join(texts(builders["own"]("nl"), "composition"))
    assert content.simulated
    assert content.concept


def test_the_summary_tells_a_mixture_and_never_one_label(builders: dict[str, Build]) -> None:
    said = texts(builders["municipality"]("nl"), "cover")
    joined = " ".join(said)
    assert "Naar schatting hoort 18% van de inwoners bij de Gehaaste Gezinnen" in joined
    assert "in Nederland is dat 14%" in joined
    assert "In Zuiderveld wonen meer Gehaaste Gezinnen" in joined
    assert "Elk gebied is een mengsel" in joined
    whole = " ".join(texts(builders["country"]("nl"), "cover"))
    assert "Elk gebied is een mengsel" in whole
    assert "als Nederland" not in whole


def test_figures_on_the_sheet_are_the_published_ones(
    builders: dict[str, Build], tmp_path: Path
) -> None:
    content = builders["municipality"]("nl")
    write_workbook(content, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Samenstelling"]
    every = [[cell.value for cell in row] for row in sheet.iter_rows()]
    rows = [row for row in every if row[0] in NAMES]
    line = analysis_of().lines[1]
    assert rows[1] == [
        "Gehaaste Gezinnen", 12_100, 0.18, "16% en 20%", 0.14, 0.14, 4, 4, "1,3 keer zo veel",
    ]  # fmt: skip
    assert rows[1][1] == line.figure.residents
    assert rows[3][-1] == "als Nederland"
    assert [row[2] for row in rows] == [figure.figure.share for figure in analysis_of().lines]


def test_estimated_bars_and_headers_are_ochre(builders: dict[str, Build], tmp_path: Path) -> None:
    write_workbook(builders["respondents"]("nl"), tmp_path / "a.xlsx")
    with ZipFile(tmp_path / "a.xlsx") as archive:
        chart = archive.read("xl/charts/chart1.xml").decode()
    fills = re.findall(r'<(?:a:)?srgbClr val="(\w{6})"', chart)
    assert OCHRE in fills
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    header = next(
        row for row in book["Deelnemers en inwoners"].iter_rows() if row[0].value == "Profiel"
    )
    colours = {str(cell.value): cell.fill.fgColor.rgb for cell in header}
    assert colours["Inwoners (geschat)"] == "FFFBF0E4"
    assert colours["Deelnemers (gemeten)"] == "FFEEF3F5"


def test_who_took_part_less_is_said_in_words(builders: dict[str, Build]) -> None:
    said = texts(builders["respondents"]("nl"), "cover")
    assert (
        "Drukke Starters deden minder mee: 2% van de deelnemers, ongeveer 8% van de inwoners."
        in said
    )
    table = texts(builders["respondents"]("nl"), "respondents")
    assert "Deden minder mee: 0,3 keer zo veel als er wonen" in table
    assert "Deelnemers zijn gemeten, inwoners geschat." in " ".join(table)


def test_two_profiles_of_one_name_are_refused(facts: AreaFacts) -> None:
    twice = replace(facts, profiles=tuple(replace(p, label=Text(nl="X")) for p in facts.profiles))
    with pytest.raises(DossierError, match="both named 'X'"):
        build_area_content(analysis_of(), twice, "nl")


def test_a_faulty_workbook_replaces_nothing(facts: AreaFacts, tmp_path: Path) -> None:
    (tmp_path / "g01.xlsx").write_text("old")
    wrong = replace(facts, contact=Text(nl="Dit is representatief."), publisher=Text(nl="Bureau"))

    def content(language: str) -> DossierContent:
        return replace(build_area_content(analysis_of(), wrong, "nl"), quoted=frozenset())

    with pytest.raises(DossierError, match="not fit to hand over"):
        write_books(tmp_path, "g01", ["nl"], content)
    assert [path.name for path in tmp_path.iterdir()] == ["g01.xlsx"]
    assert (tmp_path / "g01.xlsx").read_text() == "old"


def test_file_names_are_plain() -> None:
    assert file_stem("g01", "Súdwest-Fryslân / é") == "g01-sudwest-fryslan-e"
    assert file_stem("1011", "1011") == "1011"


def test_texts_are_complete_and_clients_read_no_jargon() -> None:
    for key, (nl, en) in TEXTS.items():
        blanks = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (nl, en)]
        assert blanks[0] == blanks[1], key
        assert not re.search("[‘’“”–—]", nl + en), key
        assert not _NEVER.search(nl + en), key
        if ".method." not in key:
            assert not _CLIENT_WORDS_NL.search(nl), key

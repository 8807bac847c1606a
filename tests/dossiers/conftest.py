"""Fixtures of the dossier tests: a theme as published, its facts, its written workbooks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from dossier_samples import (
    CHANNELS,
    CODES,
    GRID,
    LONG,
    NAMES,
    REASONS,
    STATEMENTS,
    hidden_table,
    mean_table,
    multiple_table,
    nominal_table,
    scale_table,
)

from flows.crosstabs.tables import Finding, ProfileSize, ThemeTables, Verdict
from flows.definitions.dossier_plan import Publication, ThemePlan
from flows.definitions.models import Text
from flows.dossiers.build import build_content
from flows.dossiers.content import DossierContent
from flows.dossiers.facts import (
    DossierFacts,
    EditionFacts,
    FieldFacts,
    LeftOut,
    ModelFacts,
    ProfileFacts,
    WeightFacts,
    WeightingVariable,
)
from flows.dossiers.workbook import write_workbook


@pytest.fixture(scope="session")
def tables() -> ThemeTables:
    owners = Text(nl="huiseigenaren", en="home owners")
    without_plan = Text(nl="deelnemers zonder plan", en="participants without a plan")
    made = [
        nominal_table(),
        *(
            scale_table(
                f"E03{code}",
                Text(nl=nl, en=en),
                0.3 + 0.2 * place,
                question="E03",
                item=code,
                question_text=GRID,
                type="grid",
            )
            for place, (code, nl, en) in enumerate(STATEMENTS)
        ),
        scale_table(
            "E05",
            Text(nl="Mensen zoals ik hebben invloed.", en="People like me matter."),
            dimension="trust",
            model_item=True,
        ),
        scale_table(
            "E07",
            Text(nl="Ik wil binnen vijf jaar zonder aardgas wonen", en="I want to live off gas"),
            base_text=owners,
        ),
        mean_table(),
        scale_table("E11", LONG, 0.6, dimension="behaviour"),
        multiple_table(
            "E15",
            Text(
                nl="Waarom hebt u nog geen plan om van het aardgas af te gaan?",
                en="Why do you have no plan yet to go off gas?",
            ),
            REASONS,
            dimension="barrier",
            base_text=without_plan,
        ),
        multiple_table(
            "E18",
            Text(nl="Hoe hoort u iets van de gemeente?", en="How do you hear from them?"),
            CHANNELS,
            dimension="channel",
        ),
        hidden_table(),
    ]
    findings = (
        Finding("E07", "eens", "kijkers", Verdict.LOWER, 0.18),
        Finding("E07", "eens", "globalisten", Verdict.HIGHER, 0.14),
        Finding("E15", "ingewikkeld", "gezinnen", Verdict.HIGHER, 0.09),
        Finding("E09", "mean", "kijkers", Verdict.LOWER, 0.08),
        Finding("E03d", "eens", "buren", Verdict.HIGHER, 0.06),
        Finding("E11", "eens", "grijzen", Verdict.LOWER, 0.05),
        Finding("E07", "eens", "starters", Verdict.HIGHER, 0.05),
    )
    shares = (0.11, 0.14, 0.16, 0.13, 0.13, 0.11, 0.11, 0.11)
    sizes = tuple(
        ProfileSize(code, n, share, round(share - 0.01, 2), round(share + 0.01, 2))
        for code, n, share in zip(
            CODES, (371, 482, 540, 447, 436, 366, 379, 391), shares, strict=True
        )
    )
    hidden = sum(not c.shown for t in made for line in t.cells for c in line)
    cells = sum(len(line) for t in made for line in t.cells)
    return ThemeTables("energie", tuple(made), findings, sizes, hidden, cells)


@pytest.fixture(scope="session")
def facts() -> DossierFacts:
    def same(text: str) -> Text:
        return Text(nl=text, en=text)

    return DossierFacts(
        survey="themapanel",
        survey_title=Text(nl="Themapanel", en="Theme panel"),
        wave="w2026_energie",
        theme="energie",
        theme_title=Text(nl="Energie- en warmtetransitie", en="Energy and heat transition"),
        field=FieldFacts(
            period=Text(nl="najaar 2026", en="autumn 2026"),
            start=date(2026, 9, 7),
            end=date(2026, 10, 4),
            mode=Text(nl="internetvragenlijst", en="online questionnaire"),
            population=Text(nl="inwoners van 18 jaar en ouder", en="residents of 18 and over"),
            frame=Text(nl="leden van het panel", en="members of the panel"),
            selection=Text(nl="getrokken naar profiel en leeftijd", en="drawn by profile and age"),
            invited=6950,
            read=3480,
            kept=3412,
            left_out=(LeftOut("speeder", 41), LeftOut("no_answers", 19), LeftOut("weather", 8)),
        ),
        weights=WeightFacts(
            method="raking",
            variables=(
                WeightingVariable(
                    Text(nl="Leeftijd en geslacht", en="Age and sex"),
                    same("CBS"),
                    date(2026, 1, 1),
                ),
                WeightingVariable(
                    Text(nl="Opleiding", en="Education"), same("CBS"), date(2025, 1, 1), True
                ),
            ),
            lowest=0.31,
            highest=3.2,
            efficiency=0.76,
            effective_n=2605,
            design_effect=1.31,
            trimmed_at=4.0,
        ),
        model=ModelFacts("2026-1", "accepted", "register", 10, 0.71, 0.64),
        profiles=tuple(
            ProfileFacts(code, Text(nl=nl, en=en), Text(nl=nl, en=en), public)
            for code, nl, en, public in NAMES
        ),
        publication=Publication(),
        publisher=same("Onderzoeksbureau Voorbeeld"),
        contact=same("dossiers@voorbeeld.nl"),
        usage=Text(
            nl="U mag dit dossier delen en op uw website zetten. Noem het bureau en de editie.",
            en="You may share this dossier. Name the bureau and the edition.",
        ),
        next_edition=Text(nl="Voorjaar 2027", en="Spring 2027"),
        coverage=Text(
            nl="Mensen zonder internet en mensen die weinig Nederlands lezen doen bijna niet mee.",
            en="People without internet and people who read little Dutch hardly take part.",
        ),
        edition=EditionFacts(3, date(2026, 11, 2), "published", (same("Nieuwe cijfers"),)),
        simulated=True,
        short_titles=(("E07", Text(nl="Zonder aardgas wonen", en="Living off gas")),),
    )


@pytest.fixture(scope="session")
def plan() -> ThemePlan:
    return ThemePlan(
        code="energie",
        title=Text(nl="Energie- en warmtetransitie", en="Energy and heat transition"),
        stance="E07",
        willingness="E03_b",
        motives="E03",
        barriers="E15",
        channels="E18",
        interpretation=Text(
            nl="Van alle huiseigenaren is {E07.totaal.eens} voor. Starters: {E07.starters.eens}.",
            en="Of all home owners {E07.total.eens} are for. Starters: {E07.starters.eens}.",
        ),
    )


@pytest.fixture(scope="session")
def contents(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan
) -> dict[str, DossierContent]:
    return {language: build_content(tables, facts, plan, language) for language in ("nl", "en")}


@pytest.fixture(scope="session")
def files(
    contents: dict[str, DossierContent], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dossier")
    paths = {language: folder / f"nederland.{language}.xlsx" for language in contents}
    for language, path in paths.items():
        write_workbook(contents[language], path)
    return paths

"""The page that a person reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import html

from expectations.failure import Failure
from flows.definitions.dossier_plan import DossierPlan
from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey
from flows.definitions.waves import SurveyInfo, Wave
from flows.definitions.weighting_plan import WeightingPlan
from flows.ingest.frames import RawResponses, Standardised
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.report import MOST_SHOWN, ValidationReport, validation_page, validation_report
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise

Person = Callable[..., dict[str, str]]
Report = Callable[[list[dict[str, str]]], ValidationReport]


@pytest.fixture
def survey(questionnaire: Questionnaire, wave: Wave) -> Survey:
    words = {"nl": "x"}
    return Survey(
        info=SurveyInfo(
            code="s",
            title={"nl": "Proef & <toets>"},  # type: ignore[arg-type]
            role="theme",
            profiles="register",
            simulated=True,
            waves=(wave,),
        ),
        questionnaire=questionnaire,
        profiles=ProfilePlan(version="1", valid_from=date(2026, 1, 1), profiles=()),
        weighting=WeightingPlan(margins=()),
        dossier=DossierPlan(
            publisher=words,
            contact=words,
            usage=words,
            next_edition=words,  # type: ignore[arg-type]
            coverage=words,
            themes=(),  # type: ignore[arg-type]
        ),
    )


@pytest.fixture
def report_of(
    survey: Survey,
    wave: Wave,
    raw_of: Callable[[list[dict[str, str]]], RawResponses],
    fails: Callable[[Standardised], list[Failure]],
) -> Report:
    def run(rows: list[dict[str, str]]) -> ValidationReport:
        source = wave.sources[0]
        raw = pseudonymise(raw_of(rows), source, lambda ids: [f"r{i}" for i in ids])
        standardised = standardise(raw, survey.questionnaire, wave, source)
        failures = fails(standardised)
        answers, quarantine = settle(standardised, failures)
        return validation_report(
            survey=survey,
            wave=wave,
            source=source,
            raw=raw,
            answers=mark_quality(answers, survey.questionnaire, wave),
            quarantine=quarantine,
            failures=failures,
        )

    return run


def test_numbers_add_up(report_of: Report, person: Person) -> None:
    rows = [person(id=f"p{i}") for i in range(60)]
    rows += [person(id=""), person(id="x", Q1="7"), person(id="y", Q1="9<b>", Q5="")]
    report = report_of(rows)
    counts = report.counts
    left_out = counts["no_answers"] + counts["broken_off"] + counts["speeder"]
    assert counts["read"] == 63 == counts["quarantined"] + left_out + counts["kept"]
    assert counts["answers_made_invalid"] == 2
    assert report.by_rule == {"not_null": 1, "in_set": 2}
    first = next(column for column in report.columns if column.column == "Q1")
    assert (first.answered, first.missing) == (60, {"invalid": 2})
    assert json.loads(report.as_json())["counts"] == counts


def test_the_page_reads_and_is_accessible(report_of: Report, person: Person) -> None:
    rows = [person(id=f"p{i}") for i in range(30)] + [person(id="y", Q1="9<b>")]
    page = validation_page(report_of(rows))
    tree = html.fromstring(page)
    assert tree.get("lang") == "en"
    assert len(tree.findall(".//h1")) == 1
    assert tree.findall(".//h2")[0].text == "What needs a look"
    for table in tree.findall(".//table"):
        assert table.find("caption") is not None
        assert table.findall(".//th[@scope='col']")
    assert "9&lt;b&gt;" in page
    assert "Simulated answers" in page
    assert "http" not in page
    assert not tree.findall(".//script")
    assert not tree.findall(".//link")


def test_a_sound_file_says_so(report_of: Report, person: Person) -> None:
    page = validation_page(report_of([person(id=f"p{i}", Q3_2="1") for i in range(30)]))
    assert "every answer passed every rule" in page


def test_many_failures_are_cut_on_the_page_and_whole_in_the_json(
    report_of: Report, person: Person
) -> None:
    rows = [person(id=f"p{i}") for i in range(900)]
    rows += [person(id=f"x{i}", Q1="7") for i in range(MOST_SHOWN + 5)]
    report = report_of(rows)
    page = validation_page(report)
    assert f"The first {MOST_SHOWN} of {MOST_SHOWN + 5} failures" in page
    assert len(report.as_dict()["refused"]) == MOST_SHOWN + 5


def test_the_template_travels_with_the_package(repository: Path) -> None:
    assert (repository / "flows/ingest/templates/validation.html").is_file()

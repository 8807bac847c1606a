"""Two weighting schemes on the stored answers of a wave. Nothing is stored; no Prefect."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flows.definitions import Survey, load_survey
from flows.definitions.schemes import load_scheme, scheme_file, scheme_name
from flows.edges import (
    existing_store,
    find_wave,
    kept_answers,
    reports_folder,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.weighting.compare import Comparison, Scheme, compare
from flows.weighting.compare_report import compare_json, compare_page
from flows.weighting.key_results import key_results
from flows.weighting.scheme import weigh, weighting_frame


def compare_schemes(folder: Path, wave: str, first: str, second: str) -> tuple[Comparison, Path]:
    """Weight a wave by two schemes, write compare-<first>-<second>.html and .json.

    A scheme is `weighting` (the survey's weighting.yaml), the name of a `weighting.<name>.yaml`
    beside it, or a path. Returns the comparison and the path of the page. Raises `Refusal`
    naming the scheme when one cannot be met.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    files = [scheme_file(folder, scheme) for scheme in (first, second)]
    if files[0].resolve() == files[1].resolve():
        raise Refusal(f"{first} and {second} are the same scheme. Name two to compare.")
    if scheme_name(files[0]) == scheme_name(files[1]):
        raise Refusal(
            f"{files[0]} and {files[1]} are both called {scheme_name(files[0])}. Rename one file."
        )
    with existing_store() as store:
        answers = kept_answers(store, survey, defined)
    one, other = (_applied(survey, folder, file, answers) for file in files)
    comparison = compare(one, other, key_results(answers, survey, wave))
    reports = reports_folder(survey.code, wave)
    name = f"compare-{one.name}-{other.name}"
    page = compare_page(
        comparison,
        survey.questionnaire,
        title=survey.info.title["en"],
        wave=defined.title["en"],
        simulated=survey.info.simulated,
    )
    write_json(reports / f"{name}.json", compare_json(comparison))
    return comparison, write_whole(reports / f"{name}.html", page)


def _applied(survey: Survey, folder: Path, file: Path, answers: pd.DataFrame) -> Scheme:
    """A scheme's plan, applied; what is refused names the scheme's own file."""
    plan = load_scheme(survey, folder, file)
    try:
        frame = weighting_frame(answers, survey.questionnaire, plan)
        return Scheme(scheme_name(file), plan, frame, weigh(frame, plan))
    except Refusal as refusal:
        told = str(refusal).removeprefix("weighting.yaml: ").replace("weighting.yaml", file.name)
        raise Refusal(f"{file}: {told}") from None

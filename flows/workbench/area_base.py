"""A run of the postcode base, opened: what analyses and estimates of its areas start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.crosstabs.area_analysis.subject import LIST, subject_of
from flows.crosstabs.area_analysis.world import AreaWorld, Subject
from flows.definitions import Survey, load_survey
from flows.definitions.models import Text
from flows.definitions.own_areas import OwnAreas, checked_parts, load_own_areas
from flows.dossiers.area_analysis_look import AreaFacts
from flows.edges import survey_outputs
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.projection.base import engine_of
from flows.store import AreaRunRecord, EstimateRun, Store
from flows.workbench.profile_portraits import named_by

FORMAT = 1
"""Of the records of own areas (`own_record`)."""


@dataclass(frozen=True, eq=False)
class Base:
    """A run of the postcode base with what is needed to tell of it.

    `survey`: that made the profiles, in `folder`; `own`: its own areas; `model`: the stored one.
    """

    folder: Path
    survey: Survey
    run: AreaRunRecord
    world: AreaWorld
    own: OwnAreas
    model: ProfileModel

    @property
    def fixed(self) -> dict[str, Any]:
        """Columns that are the same in every exported row."""
        summary = self.run.summary
        return {
            "estimand": self.run.estimand,
            "base": self.run.base,
            "year": self.run.year,
            "model": self.run.model_version,
            "model_state": summary["model_state"],
            "simulated": summary["simulated"],
            "research": summary["research"],
            "code_version": self.run.code_version,
        }

    def subject(
        self,
        codes: Sequence[str],
        name: str | None = None,
        lists: Mapping[str, Sequence[str]] | None = None,
    ) -> Subject:
        """The area that these codes name."""
        return subject_of(self.world, self.own, self.run.base, codes, name, lists)

    @property
    def day(self) -> date:
        """The day that the base tells of."""
        return date.fromisoformat(self.run.summary["base"]["day"])


def open_base(store: Store, folder: Path, base: str | None, year: int | None) -> Base:
    """The run of the postcode base that is asked for.

    Refuses a survey without profiles of its own or without such a run.
    """
    survey = load_survey(folder)
    if survey.info.profiles != "own_answers":
        source = survey.info.model_survey or "another survey"
        raise Refusal(
            f"{survey.code} has no profile model of its own, so no postcode base: its people are "
            f"typed by the model of {source}. Name surveys/{source} instead."
        )
    runs = store.area_runs(survey.code)
    bases = sorted({run.base for run in runs})
    again = f"Run 'themadossier profiles project {folder} --base B --year Y' first."
    if not bases or (base is not None and base not in bases):
        which = f"of base {base}" if base else "yet"
        have = f"; there is one of {', '.join(bases)}" if bases else ""
        raise Refusal(f"{survey.code}: there is no postcode base {which}{have}. {again}")
    if base is None and len(bases) > 1:
        raise Refusal(f"{survey.code} has several bases; name one with --base: {', '.join(bases)}.")
    run = store.current_area_run(survey.code, base or bases[0], year)
    if run is None:
        years = sorted({each.year for each in runs if each.base == (base or bases[0])})
        raise Refusal(
            f"{survey.code}: base {base or bases[0]} has no year {year}, but "
            f"{', '.join(map(str, years))}. {again}"
        )
    own = load_own_areas(folder)
    world = AreaWorld(store.read_area_run(run.id), engine_of(store, run))
    checked_parts(folder, own.of_base(run.base), world.known)
    record = store.model_by_id(run.model_id)
    model = ProfileModel.from_dict(dict(record.parameters["model"]))
    return Base(Path(folder), survey, run, world, own, model)


def facts_of_base(found: Base, subject: Subject) -> AreaFacts:
    """What a workbook says besides figures."""
    survey, summary = found.survey, found.run.summary
    plan, base = survey.dossier, summary["base"]
    wave = next((w for w in survey.info.waves if w.code == summary["wave"]), None)
    sources = tuple(
        (survey.questionnaire.label(variable), tuple(levels.items()))
        for variable, levels in found.world.sources(subject).items()
    )
    return AreaFacts(
        survey=survey.code,
        survey_title=survey.info.title,
        wave=wave.title if wave is not None else Text(nl=summary["wave"], en=summary["wave"]),
        publisher=plan.publisher,
        contact=plan.contact,
        usage=plan.usage,
        coverage=plan.coverage,
        model=found.run.model_version,
        model_accepted=summary["model_state"] == "accepted",
        people=int(summary["people"]["membership_people"]),
        base_title=Text(**base["title"]),
        base_source=Text(**base["source"]),
        base_day=found.day,
        year=found.run.year,
        confidence=found.world.engine.settings.confidence,
        profiles=named_by(survey, found.model),
        sources=sources,
        typed_here=found.world.typed_people(subject),
        typed_all=int(summary["people"]["residual_people"]),
        simulated=bool(summary["simulated"]),
        research=bool(summary["research"]),
    )


def areas_folder(survey: str) -> Path:
    """`outputs/<survey>/areas`, made if need be."""
    folder = survey_outputs(survey) / "areas"
    folder.mkdir(exist_ok=True)
    return folder


def earlier_lists(out: Path, run: AreaRunRecord) -> dict[str, Sequence[str]]:
    """Lists of areas whose analysis was written before, of the same base and year."""
    lists: dict[str, Sequence[str]] = {}
    for path in sorted(out.glob(f"{LIST}-*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("format") == FORMAT and (record["base"], record["year"]) == (
            run.base,
            run.year,
        ):
            lists[str(record["area"])] = [str(part) for part in record["of"]]
    return lists


def own_record(run: AreaRunRecord, subject: Subject) -> dict[str, Any]:
    """What an own area was, so that a later one is compared with it."""
    return {
        "format": FORMAT,
        "area": subject.mix.code,
        "name": subject.mix.name.model_dump(),
        "base": run.base,
        "year": run.year,
        "of": list(subject.parts),
        "inputs_sha256": run.inputs_sha256,
    }


def model_folder(folder: Path, survey: Survey) -> Path:
    """The folder of the survey whose model types this one."""
    if survey.info.profiles == "own_answers" or survey.info.model_survey is None:
        return Path(folder)
    return Path(folder).resolve().parent / survey.info.model_survey


def kind_of(run: AreaRunRecord | EstimateRun) -> str:
    """What a reader must know first: that answers are simulated, or areas an exercise."""
    return ("SIMULATED, " if run.summary["simulated"] else "") + (
        "RESEARCH EXERCISE, " if run.summary["research"] else ""
    )

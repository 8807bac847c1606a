"""Area analyses from the postcode base, and consultations beside it. Stores nothing; no Prefect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.area_analysis.analysis import AreaAnalysis, ProfileLine
from flows.crosstabs.area_analysis.margin import composition_margin, composition_yaml
from flows.crosstabs.area_analysis.respondents import (
    Participation,
    participation,
    participation_tidy,
    ranked,
    respondent_mix,
)
from flows.crosstabs.area_analysis.subject import LIST, subject_of
from flows.crosstabs.area_analysis.tidy import area_tidy
from flows.crosstabs.area_analysis.world import OWN, AreaWorld, Subject
from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text, Wave
from flows.definitions.own_areas import OwnAreas, checked_parts, load_own_areas
from flows.dossiers.area_analysis import build_area_content
from flows.dossiers.area_analysis_files import file_stem, write_books
from flows.dossiers.area_analysis_look import AreaFacts
from flows.dossiers.area_analysis_respondents import Took, build_respondents_content
from flows.dossiers.content import DossierContent
from flows.dossiers.tidy_csv import write_tables_csv
from flows.edges import (
    Done,
    all_answers,
    existing_store,
    find_wave,
    survey_outputs,
    weights_of,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.projection.base import engine_of
from flows.profiles.projection.places import area_codes
from flows.profiles.typing import TypingModel
from flows.store import AreaRunRecord, Store
from flows.workbench.profile_portraits import named_by

MOST_LOOKS = 2
FORMAT = 1


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


def write_area_analysis(
    folder: Path,
    codes: Sequence[str],
    base: str | None = None,
    year: int | None = None,
    *,
    name: str | None = None,
) -> Done:
    """Analyse one area: write `areas/<code>-<name>.xlsx`, `.en.xlsx`, `.csv` and `.json`.

    `folder`: of the survey that made the profiles. `codes`: one area of the base or of
    `areas.yaml`; several together are one area, called `name`. `base`, `year`: default the only
    base there is, and its newest year.

    Refuses unknown codes with near ones, areas that are withheld, and own areas that are too
    small or give a few residents away by a difference with another area.
    """
    with existing_store() as store:
        found = open_base(store, folder, base, year)
    out = areas_folder(found.survey.code)
    subject = found.subject(codes, name, earlier_lists(out, found.run))
    analysis = found.world.analysis(subject, found.own.rules)
    facts = facts_of_base(found, subject)
    stem = file_stem(subject.mix.code, subject.mix.name.nl)

    def content(language: Language) -> DossierContent:
        return build_area_content(analysis, facts, language)

    books = write_books(out, stem, found.survey.dossier.languages, content)
    rows = area_tidy(analysis, found.survey.code, str(found.run.summary["wave"]), found.fixed)
    write_tables_csv(rows, out / f"{stem}.csv")
    if subject.mix.level == OWN:
        write_json(out / f"{stem}.json", _own_record(found.run, subject))
    lines = [f"{_kind(found)}{subject.mix.name.nl}: {_told(analysis, facts)}"]
    lines += [f"LOOK: {text}" for text in _looks(analysis, found)[:MOST_LOOKS]]
    lines += [
        f"Workbook: {books[0]}" + (f" (and {books[1].name})" if books[1:] else ""),
        f"Next: themadossier profiles respondents SURVEY --wave W --area {subject.mix.code}",
    ]
    return Done((found.run.id,), tuple(lines), tuple(str(book) for book in books))


def respondents_against_area(
    folder: Path, wave: str, area: str, base: str | None = None, year: int | None = None
) -> Done:
    """Set who took part in a wave beside who lives in an area: a workbook and a tidy table.

    `folder`: of a consultation, whose respondents all count, or of a survey whose `places` say
    where people live; then those of the area count. `area`: of the base of the survey that made
    the profiles, or of its areas.yaml. Writes `areas/<wave>-<area>-<name>` in the outputs.

    Refuses fewer than 30 people, and an area whose people cannot be told from their answers.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    source = _model_folder(folder, survey)
    with existing_store() as store:
        found = open_base(store, source, base, year)
        typing = _typing_of(store, found, survey, defined)
        answers = all_answers(store, survey, defined)
        answers = answers.loc[answers["status"] == "kept"].reset_index(drop=True)
        consulted = survey.info.role == "consultation"
        weights = None
        if consulted and store.current_weighting(survey.code, wave) is not None:
            weights = weights_of(store, survey, defined, answers)
    subject = found.subject([area])
    rules = found.own.rules
    if not consulted:
        answers = answers.loc[_living_in(survey, answers, found.world, subject)]
        answers = answers.reset_index(drop=True)
    mix = respondent_mix(typing, answers, survey.questionnaire, rules)
    weighted = None
    if weights is not None:
        weighted = respondent_mix(typing, answers, survey.questionnaire, rules, weights)
    lines = participation(mix, subject.mix, rules, weighted)
    took = Took(defined.title, mix.n, mix.left_out, lines)
    analysis, facts = found.world.analysis(subject, rules), facts_of_base(found, subject)

    def content(language: Language) -> DossierContent:
        return build_respondents_content(took, analysis, facts, language)

    out = areas_folder(survey.code)
    stem = f"{wave}-{file_stem(subject.mix.code, subject.mix.name.nl)}"
    books = write_books(out, stem, survey.dossier.languages, content)
    rows = participation_tidy(lines, mix.n, survey.code, wave, subject.mix.code, found.fixed)
    write_tables_csv(rows, out / f"{stem}.csv")
    return Done(
        (found.run.id,),
        (
            f"{_kind(found)}{mix.n:,} respondents of {subject.mix.name.nl} beside its residents: "
            f"{_sides(lines, facts)}",
            *(f"LOOK: {text}" for text in _looks(analysis, found)[:1]),
            f"Workbook: {books[0]}" + (f" (and {books[1].name})" if books[1:] else ""),
            f"Next: themadossier weigh {folder} --wave {wave}"
            if consulted
            else f"Next: themadossier profiles area surveys/{found.survey.code} {subject.mix.code}",
        ),
        tuple(str(book) for book in books),
    )


def write_area_composition(
    folder: Path, codes: Sequence[str], base: str | None = None, year: int | None = None
) -> Done:
    """Write the composition of an area as the `composition` of a consultation's weighting.yaml.

    Arguments and refusals as of `write_area_analysis`.
    """
    with existing_store() as store:
        found = open_base(store, folder, base, year)
    out = areas_folder(found.survey.code)
    subject = found.subject(codes, lists=earlier_lists(out, found.run))
    name, title = subject.mix.name, found.run.summary["base"]["title"]
    source = Text(
        nl=f"{title['nl']} {found.run.year}, {name.nl}",
        en=f"{title['en']} {found.run.year}, {name['en']}",
    )
    composition = composition_margin(
        subject.mix,
        found.world.engine.profiles,
        source,
        found.day,
        found.world.engine.settings.confidence,
    )
    state = found.run.summary["model_state"]
    remark = (
        f"{_kind(found)}Estimated. Profile model {found.run.model_version} ({state}), "
        f"base {found.run.base} {found.run.year}, area {subject.mix.code}.\n"
        "Put this in weighting.yaml of the consultation."
    )
    stem = file_stem(subject.mix.code, name.nl)
    path = write_whole(out / f"{stem}-composition.yaml", composition_yaml(composition, remark))
    return Done(
        (found.run.id,),
        (
            f"{_kind(found)}Composition of {name.nl} with standard errors of "
            f"{100 * min(composition.standard_errors.values()):.1f} to "
            f"{100 * max(composition.standard_errors.values()):.1f} points",
            f"Margin: {path}",
            "Next: put it in weighting.yaml of the consultation, then themadossier weigh",
        ),
    )


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


def _own_record(run: AreaRunRecord, subject: Subject) -> dict[str, Any]:
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


def _model_folder(folder: Path, survey: Survey) -> Path:
    """The folder of the survey whose model types this one."""
    if survey.info.profiles == "own_answers" or survey.info.model_survey is None:
        return Path(folder)
    return Path(folder).resolve().parent / survey.info.model_survey


def _typing_of(store: Store, found: Base, survey: Survey, wave: Wave) -> TypingModel:
    """The typing by golden questions of the model that the base was made with.

    Refuses a wave that was typed by another model: the two would not speak of the same profiles.
    """
    name = f"{survey.code} {wave.code}"
    record = store.model_by_id(found.run.model_id)
    stored = store.current_typing(survey.code, wave.code)
    if stored is not None and stored.model_id != record.id:
        other = store.model_by_id(stored.model_id)
        raise Refusal(
            f"{name}: people are typed by profile model {other.version} ({other.state}), and the "
            f"postcode base was made with {record.version} ({record.state}). Make the base again "
            "with 'themadossier profiles project', or type the wave again."
        )
    if record.parameters.get("typing") is None:
        raise Refusal(
            f"{name}: profile model {record.version} has no typing by golden questions. List them "
            f"under 'golden' in the profiles.yaml of {found.survey.code} and fit it again."
        )
    return TypingModel.from_dict(record.parameters["typing"])


def _living_in(
    survey: Survey, answers: pd.DataFrame, world: AreaWorld, subject: Subject
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Who lives in the area (n,), by the finest kind of place that tells it exactly."""
    if not survey.info.places:
        raise Refusal(
            f"{survey.code}: survey.yaml does not say which questions hold where somebody lives. "
            "Name them under 'places'; only of a consultation do all respondents count."
        )
    told = area_codes(answers, survey.questionnaire, survey.info.places)
    for level in [each for each in world.engine.levels if each in told]:
        whole = world.whole_codes(level, subject.rows)
        rows = world.engine.areas[level].isin(whole).to_numpy()
        if not (subject.rows & ~rows & (world.residents > 0)).any():
            return told[level].isin(whole).to_numpy()
    levels = ", ".join(told.columns) or "none"
    raise Refusal(
        f"{survey.code}: of people is known where they live by {levels}, and {subject.mix.code} is "
        "not made of such areas. Name an area that is, or ask a finer place."
    )


def _sides(lines: Sequence[Participation], facts: AreaFacts) -> str:
    """Who took part less and more, in a line."""
    found = ranked(lines)
    if not found:
        return "no profile took part clearly more or less"
    return "; ".join(
        f"{facts.profile(line.profile).label['en']} took part {line.verdict}: {line.share:.0%} of "
        f"the respondents, about {line.residents.share:.0%} of the residents"
        for line in found[:2]
    )


def _kind(found: Base) -> str:
    summary = found.run.summary
    kind = "SIMULATED, " if summary["simulated"] else ""
    return kind + ("RESEARCH EXERCISE, " if summary["research"] else "")


def _told(analysis: AreaAnalysis, facts: AreaFacts) -> str:
    """The largest differences with the country in a line."""
    residents = f"{analysis.residents:,} residents of 18 and over; "
    if analysis.country is None:
        return residents + "the whole country"
    if analysis.as_country:
        return residents + f"as {analysis.country.en}: no profile differs clearly"

    def one(line: ProfileLine) -> str:
        assert line.country is not None
        name = facts.profile(line.profile).label.en
        return f"{name} {line.figure.share:.0%} (country {line.country.share:.0%})"

    return residents + "; ".join(one(line) for line in analysis.marked[:2])


def _looks(analysis: AreaAnalysis, found: Base) -> list[str]:
    looks = []
    if found.run.summary["model_state"] != "accepted":
        looks.append(f"profile model {found.run.model_version} is a draft; every sheet says so")
    withheld = analysis.withheld
    for share, what in (
        (withheld.hidden, "in parts that are withheld"),
        (withheld.without_data, "where the base knows no background"),
    ):
        if share > 0:
            looks.append(f"{max(share, 0.001):.1%} of the residents live {what}")
    return looks

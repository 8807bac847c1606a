"""Area analyses from the postcode base, and consultations beside it. Stores nothing; no Prefect."""

from __future__ import annotations

from collections.abc import Sequence
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
from flows.crosstabs.area_analysis.tidy import area_tidy
from flows.crosstabs.area_analysis.world import OWN, AreaWorld, Subject
from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text
from flows.definitions.waves import Wave
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
    weights_of,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.profiles.projection.places import area_codes
from flows.profiles.typing import TypingModel
from flows.store import Store
from flows.workbench.area_base import (
    Base,
    areas_folder,
    earlier_lists,
    facts_of_base,
    kind_of,
    model_folder,
    open_base,
    own_record,
)

MOST_LOOKS = 2


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
        write_json(out / f"{stem}.json", own_record(found.run, subject))
    lines = [f"{kind_of(found.run)}{subject.mix.name.nl}: {_told(analysis, facts)}"]
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
    source = model_folder(folder, survey)
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
            f"{kind_of(found.run)}{mix.n:,} respondents of {subject.mix.name.nl} beside its "
            f"residents: {_sides(lines, facts)}",
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
        f"{kind_of(found.run)}Estimated. Profile model {found.run.model_version} ({state}), "
        f"base {found.run.base} {found.run.year}, area {subject.mix.code}.\n"
        "Put this in weighting.yaml of the consultation."
    )
    stem = file_stem(subject.mix.code, name.nl)
    path = write_whole(out / f"{stem}-composition.yaml", composition_yaml(composition, remark))
    return Done(
        (found.run.id,),
        (
            f"{kind_of(found.run)}Composition of {name.nl} with standard errors of "
            f"{100 * min(composition.standard_errors.values()):.1f} to "
            f"{100 * max(composition.standard_errors.values()):.1f} points",
            f"Margin: {path}",
            "Next: put it in weighting.yaml of the consultation, then themadossier weigh",
        ),
    )


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

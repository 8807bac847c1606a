"""The postcode base: the profile composition of every area of a base in one year.

Made of a model version, the people it was fitted on, typed panel members and the files of the
base; kept in the store, and what may leave it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flows.definitions import Survey, load_survey
from flows.definitions.area_base import AreaBaseDefinition, load_area_base
from flows.definitions.waves import Wave
from flows.edges import Done, existing_store, find_wave
from flows.errors import Refusal
from flows.fingerprint import code_version, of_json
from flows.ingest.area_base import AreaBase, read_area_base
from flows.profiles.model import ProfileModel
from flows.profiles.projection.composition import composition
from flows.profiles.projection.engine import AreaEngine, as_stored, from_frames, to_frames
from flows.profiles.projection.ingredients import (
    FEWEST_REPLICATES,
    TypedPeople,
    base_margins,
    membership_of,
    residuals_of,
    seed_table,
)
from flows.profiles.projection.outputs import done_of, run_summary, write_areas
from flows.profiles.projection.people import (
    People,
    batches_used,
    clusters_of,
    model_replicates,
    panel_members,
    panel_typing,
    respondents,
)
from flows.profiles.projection.places import places_of, surroundings
from flows.profiles.replicates import Replicates
from flows.profiles.versions import basis_of
from flows.settings import Settings
from flows.store import AreaRunRecord, ModelRecord, Store, TypingRecord

FORMAT = 2
MOST_UNPLACED = 0.02


@dataclass(frozen=True)
class Panel:
    """Typed people of another survey (or wave) who tell how areas differ."""

    survey: Survey
    wave: Wave
    typing: TypingRecord


def project_base(
    folder: Path,
    base: str,
    year: int,
    *,
    files: Path | None = None,
    panel: Path | None = None,
    panel_wave: str | None = None,
) -> Done:
    """Project the profiles of a survey on all areas of a base in a year.

    `folder`: of the survey that made the profiles. `files`: folder with the files of the base
    (default: `areas/<base>/<year>` in the inbox). `panel`, `panel_wave`: a survey typed by this
    model, and its wave, from which areas get what they have beyond their demographics.

    Refuses a survey without a fitted model of its own, a simulated model on real areas or the
    reverse, and a base without a margin of one of the model's demographics.
    """
    survey = load_survey(folder)
    definition = load_area_base(Path(folder).resolve().parent, base)
    _own_profiles(survey)
    _same_world(survey.code, survey.info.simulated, definition)
    if (panel is None) != (panel_wave is None):
        raise Refusal("--panel and --wave belong together: name a survey and the wave that holds "
                      "its members, or neither.")  # fmt: skip
    source = files or Settings().inbox / "areas" / base / str(year)
    with existing_store() as store:
        record = fitted_model(store, survey, folder)
        wave = find_wave(survey, str(record.parameters["fitted_on"]["wave"]))
        members = _panel(store, survey, record, panel, panel_wave)
        areas = read_area_base(definition, year, _existing(source, definition, year))
        people = _evidence_sha256(store, survey, wave, record, members)
        inputs = of_json([
            FORMAT, code_version(), people, record.state, survey.info.simulated,
            survey.info.research_exercise, areas.files_sha256, definition.model_dump(mode="json"),
        ])  # fmt: skip
        run = store.restore_area_run(survey.code, base, year, record.id, inputs)
        if run is None:
            run = _made(store, survey, wave, record, areas, members, people, inputs)
        table = store.read_area_run(run.id, "composition")
    return done_of(folder, survey, run, table, write_areas(survey, run, table))


def engine_of(store: Store, run: AreaRunRecord) -> AreaEngine:
    """The engine of a stored run: projects own lists of areas with exact intervals."""
    return from_frames(
        store.read_area_run(run.id, "inputs"),
        store.read_area_run(run.id, "surroundings"),
        run.summary["engine"],
    )


def fitted_model(store: Store, survey: Survey, folder: Path) -> ModelRecord:
    """The version that profiles.yaml names: accepted, or else its draft."""
    record = store.model(survey.code, survey.profiles.version)
    fit = f"Run 'themadossier profiles fit {folder} --wave W' first."
    if record is None:
        raise Refusal(
            f"{survey.code}: profile model {survey.profiles.version} is not fitted yet. {fit}"
        )
    if record.parameters.get("fitted_on") is None:
        raise Refusal(
            f"{survey.code}: profile model {record.version} was fitted by an earlier version of "
            f"themadossier and does not say on which wave. {fit}"
        )
    if not record.parameters["model"]["concomitants"]["variables"]:
        raise Refusal(
            f"{survey.code}: profile model {record.version} knows no demographics, so nothing "
            "leads from areas to profiles. Name concomitants in profiles.yaml and fit it again."
        )
    return record


def _own_profiles(survey: Survey) -> None:
    if survey.info.profiles != "own_answers":
        source = survey.info.model_survey or "another survey"
        raise Refusal(
            f"{survey.code} has no profile model of its own: its people are typed by the model of "
            f"{source}. Project that survey, with --panel surveys/{survey.code}."
        )


def _same_world(code: str, simulated: bool, base: AreaBaseDefinition) -> None:
    if simulated and not base.simulated:
        raise Refusal(
            f"{code} is simulated and {base.base} has real areas: a simulated model is never "
            "projected on real areas, since it would tell made-up things of real people. Name a "
            "base whose definition says simulated: true."
        )
    if base.simulated and not simulated:
        raise Refusal(
            f"{base.base} has made-up areas and {code} has real answers, which say nothing of "
            "them. Name a base whose definition says simulated: false."
        )


def _existing(folder: Path, definition: AreaBaseDefinition, year: int) -> Path:
    if not folder.is_dir():
        names = ", ".join(definition.file_name(file, year) for file in definition.files)
        raise Refusal(
            f"{folder}: there is no such folder. Put the files of {definition.base} {year} there "
            f"({names}), or name another folder with --files."
        )
    return folder


def _panel(
    store: Store, survey: Survey, record: ModelRecord, folder: Path | None, wave: str | None
) -> Panel | None:
    if folder is None or wave is None:
        return None
    panel = load_survey(folder)
    if panel.info.simulated != survey.info.simulated:
        kind = {True: "simulated", False: "real"}
        raise Refusal(
            f"{panel.code} has {kind[panel.info.simulated]} answers and {survey.code} has "
            f"{kind[survey.info.simulated]} ones; name a panel of the same kind."
        )
    defined = find_wave(panel, wave)
    return Panel(panel, defined, panel_typing(store, panel, defined, record, survey.code))


def _evidence_sha256(
    store: Store, survey: Survey, wave: Wave, record: ModelRecord, panel: Panel | None
) -> str:
    """Hash of what people a run rests on, and the model they are read by."""
    parts: list[Any] = [
        record.inputs_sha256, basis_of(store, survey, wave).inputs_sha256, survey.info.places,
    ]  # fmt: skip
    if panel is not None:
        weighting = store.current_weighting(panel.survey.code, panel.wave.code)
        parts += [
            basis_of(store, panel.survey, panel.wave).answers,
            panel.typing.data_sha256,
            None if weighting is None else weighting.data_sha256,
            panel.survey.info.places,
        ]
    return of_json(parts)


def _made(
    store: Store, survey: Survey, wave: Wave, record: ModelRecord, areas: AreaBase,
    panel: Panel | None, evidence: str, inputs: str,
) -> AreaRunRecord:  # fmt: skip
    """Project, and keep the run."""
    model = ProfileModel.from_dict(dict(record.parameters["model"]))
    own = respondents(store, survey, wave, record, model)
    groups = [own] if survey.info.places else []
    batches = batches_used(store, survey, wave)
    looks = []
    if not own.weighted:
        looks.append(f"projected without weights: run 'themadossier weigh' for {wave.code} first")
    if basis_of(store, survey, wave).answers != record.parameters["fitted_on"]["answers"]:
        looks.append(f"the answers of {wave.code} changed since the model was fitted on them")
    if panel is not None:
        groups.append(panel_members(store, panel.survey, panel.wave, model, panel.typing))
        batches += batches_used(store, panel.survey, panel.wave)
    replicates = model_replicates(store, survey, wave, record, model)
    engine, about = engine_from(model, areas, own, groups, replicates)
    if replicates is not None and len(replicates.cells) < FEWEST_REPLICATES:
        looks.append(
            f"intervals lack the error of the fitted model: it takes {FEWEST_REPLICATES} samples "
            f"of respondents that give such profiles again, and there are {len(replicates.cells)}"
        )
    if about["residual_people"] == 0:
        looks.append(
            "no typed people with a known place: areas follow from demographics alone, with wider "
            "intervals; name a typed panel with --panel and --wave"
        )
    elif about["unplaced"] > MOST_UNPLACED * (about["unplaced"] + about["placed"]):
        looks.append(
            f"{about['unplaced']:,} typed people live in areas that {areas.code} {areas.year} does "
            "not have and tell nothing of residuals"
        )
    projection = engine.everything()
    table = composition(engine, projection, areas.names)
    frames = to_frames(engine)
    summary = run_summary(survey, record, wave, areas, table, projection, about, looks)
    if panel is not None:
        summary["panel"] = {"survey": panel.survey.code, "wave": panel.wave.code}
    summary |= {"evidence_sha256": evidence, "engine": frames[2]}
    return store.add_area_run(
        survey.code, areas.code, areas.year, record.id, inputs,
        table, frames[0], frames[1], summary, batches=batches,
    )  # fmt: skip


def engine_from(
    model: ProfileModel, areas: AreaBase, own: People, groups: Sequence[People],
    replicates: Replicates | None = None,
) -> tuple[AreaEngine, dict[str, Any]]:  # fmt: skip
    """The engine of a base from the people a model was fitted on and those who tell of areas.

    With `replicates` the error of the model itself is added. Returns the engine as it comes back
    from the store, and facts about the people used. Raises `UnusableBase` where the base lacks a
    margin of the model's demographics or a level of it.
    """
    demographics = model.concomitants
    margins = base_margins(areas, demographics.variables, demographics.levels)
    sizes = tuple(len(levels) for levels in demographics.levels)
    used = own.typed & (own.cell >= 0) & (own.weights > 0)
    membership = membership_of(
        sizes, own.cell[used], own.memberships[used], own.weights[used], clusters_of(own, used),
        None if replicates is None else replicates.cells,
    )  # fmt: skip
    places = places_of(areas.areas, areas.areas["residents"], surroundings(areas.levels))
    telling = [group.who_tell(places) for group in groups if len(group.codes.columns)]
    people = TypedPeople.together(telling) if telling else None
    residuals, depth, n = residuals_of(places, membership.probabilities, people)
    engine = AreaEngine(
        model.codes,
        areas.levels,
        areas.areas.reset_index(drop=True),
        margins.margins,
        margins.dispersions,
        margins.sources,
        membership,
        seed_table(sizes, own.cell, own.weights),
        residuals,
        places.levels,
    )
    named = [
        (group.codes != "").any(axis=1).to_numpy() & group.typed & (group.cell >= 0)
        for group in groups
        if len(group.codes.columns)
    ]
    placed = sum(len(group.cell) for group in telling)
    about = {
        "membership_people": int(used.sum()),
        "fit_replicates": 0 if replicates is None else len(replicates.cells),
        "crossed": membership.design.shape[1] > 1 + sum(size - 1 for size in sizes),
        "residual_people": n,
        "residual_levels": list(places.levels[:depth]),
        "placed": placed,
        "unplaced": int(sum(who.sum() for who in named)) - placed,
        "tau": [float(np.sqrt((tau**2).mean())) for tau in residuals.tau],
    }
    return as_stored(engine), about

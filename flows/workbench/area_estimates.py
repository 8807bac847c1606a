"""Area estimates of a wave: read the store, fit, keep the run, write what may leave it.

No Prefect: a flow may call `make_estimates`, the command line does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.area_analysis.analysis import Mix
from flows.crosstabs.area_analysis.world import OWN
from flows.crosstabs.area_estimates.composition import (
    blurred_margins,
    numbers_of_levels,
    share_variances,
)
from flows.crosstabs.area_estimates.estimates import EstimateRules, estimate_areas
from flows.crosstabs.area_estimates.fitting import AreaModels, fit_wave
from flows.crosstabs.area_estimates.ground import Areas, Ground
from flows.crosstabs.area_estimates.kept import models_from_frame, models_to_frame
from flows.crosstabs.area_estimates.tidy import estimates_tidy, published_estimates
from flows.definitions import Survey, load_survey
from flows.dossiers.area_analysis_files import file_stem
from flows.dossiers.tidy_csv import write_tables_csv
from flows.edges import batches_of, existing_store, find_wave, write_json
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.projection.composition import published
from flows.store import EstimateRun, ModelRecord, Store
from flows.workbench.area_base import (
    Base,
    areas_folder,
    earlier_lists,
    kind_of,
    model_folder,
    open_base,
    own_record,
)
from flows.workbench.area_estimates_basis import Basis, basis_of_run, checked_model, wave_answers
from flows.workbench.area_estimates_files import (
    EstimatesDone,
    area_facts,
    attention,
    fixed_columns,
    guarded_names,
    most_apart,
    run_facts,
    write_all,
)

MOST_LOOKS = 1


@dataclass(frozen=True, eq=False)
class StoredEstimates:
    """Estimates of one theme as they are stored: `frame` unrounded, columns as of
    `AreaEstimates.frame`; `run` they are of; `up_to_date`: they rest on current answers and the
    current area run."""

    run: EstimateRun
    frame: pd.DataFrame
    up_to_date: bool


def stored_estimates(
    store: Store, survey: str, wave: str, theme: str, base: str, year: int | None = None
) -> StoredEstimates | None:
    """The stored estimates of a theme, of the newest year of a base unless one is named.

    None where there are none. `published_estimates(found.frame)` gives what may be printed.
    """
    run = store.current_estimate_run(survey, wave, base, year)
    if run is None:
        return None
    frame = store.read_estimate_run(run.id)
    rows = frame[frame["theme"] == theme].reset_index(drop=True)
    return StoredEstimates(run, rows, store.estimate_run_is_up_to_date(run.id))


def make_estimates(
    folder: Path, wave: str, base: str | None = None, year: int | None = None
) -> EstimatesDone:
    """Estimate the headlines of a wave for all areas of a base, and write the CSV.

    `folder`: of the survey; `base`, `year`: default the only base there is, and its newest year.
    All waves of the survey that are typed and weighted feed the pooled spread. The same answers,
    definitions, area run and software give the run that is there.

    Refuses a survey that does not say where people live, one typed by other profiles than the
    areas have, simulated answers with real areas or the reverse, and a wave without headlines.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    with existing_store() as store:
        found = open_base(store, model_folder(folder, survey), base, year)
        record = checked_model(store, survey, defined, found)
        basis = basis_of_run(store, survey, found, record)
        if all(each.code != wave for each in basis.waves):
            raise Refusal(
                f"{survey.code} {wave}: nobody is weighted yet. Run 'themadossier weigh "
                f"surveys/{survey.code} --wave {wave}' first."
            )
        run = store.restore_estimate_run(
            survey.code, wave, found.run.base, found.run.year, found.run.id, basis.inputs(wave)
        )
        if run is None:
            run = _made(store, survey, wave, found, record, basis)
        path = write_all(store, survey, found.run)
    summary = run.summary
    state = "as they were" if run.change == "unchanged" else "made"
    adding, areas = summary["adding"], summary["areas"]
    lines = [
        f"Area estimates {wave}, {found.run.base} {found.run.year}, {state}: {kind_of(run)}"
        f"{summary['headlines']} headlines; of {areas:,} figures of {summary['level']} areas "
        f"{adding:,} add to the national one",
        f"Spread pooled over {int(summary['pooled']['headlines'])} headlines of "
        f"{int(summary['pooled']['waves'])} waves: {summary['pooled']['typical_spread']:.2f} "
        "in log-odds",
        *[f"LOOK: {line}" for line in summary["attention"][:MOST_LOOKS]],
        f"Estimates: {path}",
        f"Next: themadossier estimates {folder} --wave {wave} --areas CODE,CODE",
    ]
    return EstimatesDone((run.id,), tuple(lines), facts=run_facts(run, path))


def estimates_of_list(
    folder: Path,
    wave: str,
    codes: Sequence[str],
    name: str | None = None,
    base: str | None = None,
    year: int | None = None,
) -> EstimatesDone:
    """The stored estimates for one area, or for several as one; writes their CSV.

    `codes`: areas of the base or of areas.yaml, of any level. An own area is estimated from the
    models of the stored run. Refuses what may not be published, as area analyses do, and a wave
    without stored estimates.
    """
    survey = load_survey(folder)
    find_wave(survey, wave)
    with existing_store() as store:
        found = open_base(store, model_folder(folder, survey), base, year)
        run = store.current_estimate_run(survey.code, wave, found.run.base, found.run.year)
        if run is None or run.area_run_id != found.run.id:
            raise Refusal(
                f"{survey.code} {wave}: there are no estimates for {found.run.base} "
                f"{found.run.year} yet. Run 'themadossier estimates {folder} --wave {wave}' first."
            )
        own_lists = earlier_lists(areas_folder(found.survey.code), found.run)
        subject = found.subject(codes, name, own_lists)
        current = store.estimate_run_is_up_to_date(run.id)
        if subject.mix.level == OWN:
            models = models_from_frame(
                store.read_estimate_run(run.id, "parameters"), run.summary["kept"]
            )
            frame = _own_area(found, models, subject.rows, subject.mix, run)
        else:
            frame = store.read_estimate_run(run.id)
            frame = frame[
                (frame["level"] == subject.mix.level) & (frame["area"] == subject.mix.code)
            ]
    shown = published_estimates(frame)
    fixed = fixed_columns(found.run, run)
    tidy = estimates_tidy(shown, survey.code, wave, fixed)
    stem = file_stem(subject.mix.code, subject.mix.name.nl)
    folder_out = areas_folder(survey.code)
    path = folder_out / f"estimates-{wave}-{stem}.csv"
    write_tables_csv(guarded_names(tidy), path)
    if subject.mix.level == OWN:
        # Where area analyses keep theirs, so that a later list is compared with this one.
        kept = areas_folder(found.survey.code) / f"{stem}.json"
        write_json(kept, own_record(found.run, subject))
    adding = int((shown["flag"] == "").sum())
    lines = [
        f"{kind_of(run)}{subject.mix.name.nl}: {adding} of {len(shown)} headlines add to the "
        f"national figure",
        *most_apart(shown),
    ]
    if not current:
        lines.append("LOOK: answers or areas changed since these were made; make them again")
    lines.append(f"Estimates: {path}")
    facts = area_facts(run, subject, tidy, path, up_to_date=current)
    return EstimatesDone((run.id,), tuple(lines), facts=facts)


# ------------------------------------------------------------------------------------ the work


def _made(
    store: Store, survey: Survey, wave: str, found: Base, record: ModelRecord, basis: Basis
) -> EstimateRun:
    ground = Ground.of(found.world.engine)
    model = ProfileModel.from_dict(dict(record.parameters["model"]))
    answers, unread = [], []
    for each in basis.waves:
        try:
            answers.append(wave_answers(store, survey, each, found, record, model))
        except Refusal:
            if each.code == wave:
                raise
            unread.append(each.code)  # it only feeds the pool, and is outdated itself
    models = fit_wave(ground, answers, wave)
    if not models.models:
        raise Refusal(
            f"{survey.code} {wave}: no headline can be estimated for areas; it takes a table with "
            "a headline in questionnaire.yaml, of a question that does not make the profiles, and "
            "100 answers."
        )
    kept, about = models_to_frame(models)
    models = models_from_frame(kept, about)
    table = published(found.world.table)[["level", "area", "name"]].reset_index(drop=True)
    estimates = estimate_areas(models, _all_areas(ground, found), table)
    lines = estimates.headlines
    level = "municipality" if (table["level"] == "municipality").any() else table["level"].iloc[0]
    summary = {
        "simulated": bool(found.run.summary["simulated"]),
        "research": bool(found.run.summary["research"]),
        "model": found.run.model_version,
        "model_state": found.run.summary["model_state"],
        "level": str(level),
        "headlines": len(models.models),
        "adding": int(lines["adding"].sum()),
        "areas": int(lines["areas"].sum()),
        "rules": EstimateRules().model_dump(mode="json"),
        "covariates": list(ground.names),
        "pooled": dict(models.pooled),
        "pooled_waves": [each.wave for each in answers],
        "each": lines.to_dict(orient="records"),
        "attention": attention(lines, [*basis.left_out, *unread], answers, wave),
        "kept": about,
    }
    batches = [b.id for each in basis.waves for b in batches_of(store, survey, each)]
    return store.add_estimate_run(
        survey.code, wave, found.run.base, found.run.year, found.run.id, basis.inputs(wave),
        estimates.frame, kept, summary, batches=batches,
    )  # fmt: skip


def _all_areas(ground: Ground, found: Base) -> Areas:
    """Who lives in every published area of a run, in the order of its composition."""
    engine = ground.engine
    table = published(found.world.table).reset_index(drop=True)
    variances = share_variances(table, engine.profiles, engine.settings.confidence)
    return ground.areas(numbers_of_levels(engine, table), variances, blurred_margins(table, engine))


def _own_area(
    found: Base, models: AreaModels, rows: NDArray[np.bool_], mix: Mix, run: EstimateRun
) -> pd.DataFrame:
    """Unrounded estimates of an own area."""
    ground = Ground.of(found.world.engine)
    confidence = ground.engine.settings.confidence
    variance = mix.errors(confidence)[None, :] ** 2
    inside = np.where(rows, 0, -1)
    # Margins of coarser areas are known for those only, not for the list itself.
    blurred = np.array([[bool((m.source[rows] > 0).any()) for m in ground.engine.margins]])
    areas = ground.areas([inside], variance, blurred)
    table = pd.DataFrame({"level": [OWN], "area": [mix.code], "name": [mix.name.nl]})
    rules = EstimateRules(**run.summary["rules"])
    return estimate_areas(models, areas, table, rules).frame

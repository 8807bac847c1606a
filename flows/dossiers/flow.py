"""Flow `publish-dossiers`: table runs become editions with workbooks, a CSV and a manifest."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows.crosstabs.overview import overviews
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import ProfileSize
from flows.crosstabs.theme_tables import care_of, stored_tables
from flows.crosstabs.tidy import tidy
from flows.definitions import Survey, load_survey
from flows.definitions.models import Text
from flows.dossiers.build import build_content, content_sha256
from flows.dossiers.codebook import codebook, write_codebook
from flows.dossiers.facts import (
    DossierFacts,
    EditionFacts,
    ModelFacts,
    ProfileFacts,
    WeightFacts,
    facts_of,
    profiles_of,
    weighting_variables,
)
from flows.dossiers.lint import lint
from flows.dossiers.manifest import manifest, write_manifest
from flows.dossiers.tidy_csv import write_tables_csv
from flows.dossiers.workbook import write_workbook
from flows.edges import (
    RETRIED,
    Done,
    all_answers,
    artifact_key,
    find_wave,
    open_store,
    survey_outputs,
)
from flows.errors import Refusal
from flows.fingerprint import code_version, of_json
from flows.profiles.model import ProfileModel
from flows.published_tables import earlier_tables
from flows.store import ModelRecord, Store, TableRun, WeightingRecord

NATIONAL = "nederland"
BUILDING = ".building-"
STALE_SECONDS = 6 * 3600
"""No flow run may take longer, so a folder this old belongs to none."""


@flow(name="publish-dossiers", flow_run_name="{wave}")
def publish_dossiers(survey: str, wave: str, table_runs: list[int], on: date) -> Done:
    """Publish the theme of each table run as a draft edition; `on` is the edition's date."""
    with open_store():  # an interrupted swap is finished first: it may need what lies aside
        sweep(survey_outputs(load_survey(Path(survey)).code))
    with open_store() as store:
        themes = {run: store.table_run(run).theme for run in table_runs}
    done = [
        publish_dossier.with_options(task_run_name=theme)(survey, wave, run, on)
        for run, theme in themes.items()
    ]
    return Done(
        ids=tuple(i for part in done for i in part.ids),
        lines=tuple(line for part in done for line in part.lines),
        dossiers=tuple(path for part in done for path in part.dossiers),
    )


@task(name="publish-dossier", **RETRIED)
def publish_dossier(survey: str, wave: str, table_run: int, on: date) -> Done:
    """One theme: built aside, linted, and swapped in whole; unchanged content stays."""
    definition = load_survey(Path(survey))
    outputs = survey_outputs(definition.code)
    with open_store() as store:
        run = store.table_run(table_run)
        plan = definition.dossier.theme(run.theme)
        tables = publish(
            stored_tables(store.read_table_run(run.id), definition, run.theme),
            definition.dossier.publication,
            theme=run.theme,
            sizes=[ProfileSize(**size) for size in run.summary["sizes"]],
            earlier=earlier_tables(store, definition, run),
            care=care_of(definition),
        )
        tables = replace(tables, overviews=overviews(tables.tables, definition.questionnaire))
        number = store.next_edition_number(definition.code, run.theme)
        facts = dossier_facts(store, definition, wave, run, EditionFacts(number=number, day=on))
        languages = definition.dossier.languages
        structure = codebook(tables, definition.questionnaire, facts, definition.info.role)
        said = of_json([content_sha256(tables, facts, plan, languages), structure])
        built = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{run.theme}-", dir=outputs))
        try:
            names = []
            for language in languages:
                name = f"{NATIONAL}.xlsx" if language == "nl" else f"{NATIONAL}.{language}.xlsx"
                content = build_content(tables, facts, plan, language)
                write_workbook(content, built / name)
                faults = lint(built / name, content)
                if faults:
                    raise Refusal(f"{run.theme}, {name} is not fit to publish: {faults[0]}")
                names.append(name)
            write_tables_csv(tidy(tables, definition.code, wave, number), built / "tables.csv")
            write_codebook(structure, built)
            inputs = inputs_of(store, run)
            entries = manifest(
                built,
                facts,
                content_sha256=said,
                inputs=inputs,
                code_version=code_version(),
                run_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            write_manifest(built, entries)
            built.chmod(0o755)
            edition = store.publish_edition(
                definition.code,
                run.theme,
                wave,
                said,
                built,
                outputs,
                "draft",
                inputs,
                number=number,
            )
        finally:
            shutil.rmtree(built, ignore_errors=True)
    folder = edition.path(outputs)
    assert folder is not None
    first = folder / names[0]
    what = "unchanged" if edition.change == "unchanged" else "concept"
    create_markdown_artifact(
        key=artifact_key("dossier", definition.code, run.theme),
        markdown=f"**{plan.title['en']}**, edition {edition.number} ({what})\n\n"
        f"- {len(tables.tables)} tables, {len(tables.findings)} findings\n"
        f"- {tables.hidden_cells:,} of {tables.cells:,} cells hidden\n\n"
        f"Open: `{first.resolve()}`",
        description=f"Dossier {plan.title['en']}",
    )
    return Done(
        (edition.id,),
        (
            f"{run.theme}: edition {edition.number} ({what}), {len(tables.tables)} tables, "
            f"{len(tables.findings)} findings, "
            f"{tables.hidden_cells:,} of {tables.cells:,} cells hidden",
            *(f"LOOK: {run.theme}: {note}" for note in tables.notes),
        ),
        (str(first),),
    )


def sweep(outputs: Path) -> None:
    """Remove folders that a killed run was building in, once no run can still be at it."""
    for folder in outputs.glob(f"{BUILDING}*"):
        if time.time() - folder.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def dossier_facts(
    store: Store, survey: Survey, wave: str, run: TableRun, edition: EditionFacts
) -> DossierFacts:
    """What the dossier tells about its making, from the records its table run hangs on."""
    trace = store.trace(run.id)
    answers = all_answers(store, survey, find_wave(survey, wave))
    statuses = answers["status"].value_counts()
    quarantined = sum(
        store.batch_report(batch.id)["counts"].get("quarantined", 0)
        for batch in store.current_batches(survey.code, wave)
    )
    left_out = {str(s): int(n) for s, n in statuses.items() if s != "kept"}
    return facts_of(
        survey,
        wave,
        run.theme,
        read=len(answers) + quarantined,
        kept=int(statuses.get("kept", 0)),
        left_out=left_out | {"quarantined": quarantined},
        weights=weight_facts(survey, trace.weighting),
        model=model_facts(survey, trace.model),
        edition=edition,
        profiles=named_profiles(survey, trace.model),
    )


def weight_facts(survey: Survey, weighting: WeightingRecord) -> WeightFacts:
    """The weighting as its stored summary tells it."""
    summary = weighting.summary
    cap = (summary.get("trimming") or {}).get("highest")
    return WeightFacts(
        method=summary["method"],
        variables=weighting_variables(survey),
        lowest=summary["weights"]["min"],
        highest=summary["weights"]["max"],
        efficiency=summary["efficiency"],
        effective_n=summary["effective_n"],
        design_effect=summary["design_effect"],
        trimmed_at=None if cap is None else round(cap, 2),
    )


def model_facts(survey: Survey, model: ModelRecord) -> ModelFacts:
    """The profile model as its stored summary tells it."""
    stability = model.summary.get("stability") or {}
    own = survey.info.profiles == "own_answers"
    placed = model.parameters["model"]["items"] if own else model.parameters["typing"]["columns"]
    return ModelFacts(
        version=model.version,
        state=model.state,
        assigned_from=survey.info.profiles,
        questions=len(placed),
        stability_median=stability.get("median_ari"),
        stability_p10=stability.get("p10_ari"),
    )


def named_profiles(survey: Survey, model: ModelRecord) -> tuple[ProfileFacts, ...]:
    """The profiles by the names the model found for them; unmatched ones stay neutral."""
    fitted = ProfileModel.from_dict(model.parameters["model"])
    names: dict[str, Text] = dict(zip(fitted.codes, fitted.names, strict=True))
    found = []
    for profile in profiles_of(survey):
        name = names.get(profile.code, profile.label)
        kept = name == profile.label
        found.append(profile if kept else ProfileFacts(code=profile.code, label=name, alias=name))
    return tuple(found)


def inputs_of(store: Store, run: TableRun) -> dict[str, object]:
    """Ids and hashes of everything the edition rests on."""
    trace = store.trace(run.id)
    return {
        "batches": {
            batch.source_name: {"source": batch.source_sha256, "data": batch.data_sha256}
            for batch in trace.batches
        },
        "weighting": trace.weighting.data_sha256,
        "typing": trace.typing.data_sha256,
        "model": {"version": trace.model.version, "inputs": trace.model.inputs_sha256},
        "tables": run.data_sha256,
        "table_run": run.id,
    }

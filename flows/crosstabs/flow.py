"""Flow `tabulate-wave`: every theme of a wave becomes a table run in the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_table_artifact

from flows.crosstabs.cells import cells_frame
from flows.crosstabs.margins import calibrated_on, design_of
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.theme_tables import theme_tables
from flows.definitions import load_survey
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    batches_of,
    find_wave,
    inputs_sha256,
    kept_answers,
    open_store,
    profiles_of_people,
    weights_of,
)
from flows.errors import Refusal
from flows.fingerprint import code_version, of_json


@flow(name="tabulate-wave", flow_run_name="{wave}")
def tabulate_wave(survey: str, wave: str, themes: list[str] | None = None) -> Done:
    """Tabulate the named themes of a wave (default: all it fills)."""
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    unknown = sorted(set(themes or ()) - set(defined.themes))
    if unknown:
        raise Refusal(
            f"{definition.code} {wave} fills no dossier {unknown[0]}. "
            f"Its themes are: {', '.join(defined.themes) or 'none'}."
        )
    done = [tabulate_theme(survey, wave, theme) for theme in themes or defined.themes]
    return Done(
        ids=tuple(i for part in done for i in part.ids),
        lines=tuple(line for part in done for line in part.lines)
        or (f"{wave} fills no dossier; its answers serve other waves",),
    )


@task(name="tabulate-theme", task_run_name="{theme}", **RETRIED)
def tabulate_theme(survey: str, wave: str, theme: str) -> Done:
    """All questions of one theme by profile; unrounded, for the store and the analyst."""
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    questionnaire = definition.questionnaire
    with open_store() as store:
        answers = kept_answers(store, definition, defined)
        weights = weights_of(store, definition, defined, answers)
        profiles = profiles_of_people(store, definition, defined, answers)
        weighting = store.current_weighting(definition.code, wave)
        typing = store.current_typing(definition.code, wave)
        assert weighting is not None
        assert typing is not None
        margins, base = calibrated_on(definition, wave, answers, weighting.summary)
        definitions = {
            name: of_json(each.model_dump(mode="json"))
            for name, each in (
                ("questionnaire", questionnaire),
                ("theme", definition.dossier.theme(theme)),
                ("publication", definition.dossier.publication),
            )
        }
        inputs = inputs_sha256(
            batches_of(store, definition, defined),
            weighting.inputs_sha256,
            typing.inputs_sha256,
            code_version(),
            theme,
            defined.design.model_dump(mode="json"),
            definitions,
        )
        tables = theme_tables(definition, wave, theme, answers, profiles, weights, margins, base)
        sizes = profile_sizes(
            profiles,
            definition.profiles.codes,
            weights,
            margins,
            publication=definition.dossier.publication,
            base_weights=base,
            design=design_of(defined, questionnaire, answers),
        )
        record = store.add_table_run(
            definition.code,
            wave,
            theme,
            weighting.id,
            typing.id,
            inputs,
            cells_frame(tables),
            {
                "tables": len(tables),
                "respondents": len(answers),
                "sizes": [asdict(size) for size in sizes],
                "definitions": definitions,
            },
        )
    create_table_artifact(
        key=artifact_key("tables", definition.code, wave, theme),
        table=[
            {
                "table": t.identity.number,
                "question": t.identity.text["en"],
                "answered by": f"{int(t.n[-1]):,}",
            }
            for t in tables
        ],
        description=f"**{definition.dossier.theme(theme).title['en']}**: {len(tables)} tables, "
        f"{len(answers):,} respondents. The numbers stand in the dossier.",
    )
    return Done((record.id,), (f"{theme}: {len(tables)} tables, {len(answers):,} respondents",))

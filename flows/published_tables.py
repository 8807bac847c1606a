"""What readers have beside a new table, from the store: the dossiers of the same wave."""

from __future__ import annotations

from collections.abc import Collection

from flows.crosstabs.disclosure.edition import Beside
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import PublishedTable
from flows.crosstabs.theme_tables import care_of, stored_tables
from flows.definitions import Survey
from flows.store import Store, TableRun


def earlier_tables(store: Store, survey: Survey, run: TableRun) -> tuple[PublishedTable, ...]:
    """What a published edition of the same theme and wave has told already."""
    edition = store.latest_edition(survey.code, run.theme)
    if edition is None or edition.state != "published" or edition.wave != run.wave:
        return ()
    told = edition.inputs.get("table_run")
    if told is None or told == run.id:
        return ()
    tables = stored_tables(store.read_table_run(int(told)), survey, run.theme)
    return publish(tables, survey.dossier.publication, care=care_of(survey)).tables


def dossier_tables(
    store: Store, survey: Survey, wave: str, questions: Collection[str]
) -> tuple[Beside, ...]:
    """The tables of these questions in the current dossiers of a wave, whole and as published.

    Of table runs by the present weighting; others rest on other numbers.
    """
    weighting = store.current_weighting(survey.code, wave)
    found: list[Beside] = []
    for run in store.current_table_runs(survey.code, wave):
        if weighting is None or run.weighting_id != weighting.id:
            continue
        cells = store.read_table_run(run.id)
        tables = stored_tables(cells, survey, run.theme)
        if not any(table.identity.question in questions for table in tables):
            continue
        told = publish(
            tables,
            survey.dossier.publication,
            theme=run.theme,
            earlier=earlier_tables(store, survey, run),
            care=care_of(survey),
        ).tables
        pairs = zip(tables, told, strict=True)
        found += [(table, shown) for table, shown in pairs if table.identity.question in questions]
    return tuple(found)

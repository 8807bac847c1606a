"""Why an edition hides a number: its protection made again, as when it was published."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import ValidationError

from flows.crosstabs.dry_run import HiddenCell, dry_run
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import PublishedTable, Table
from flows.crosstabs.theme_tables import care_of, stored_tables
from flows.definitions import Survey
from flows.definitions.dossier_plan import Publication
from flows.store import Store, TableRun
from flows.workbench.explain_editions import CODEBOOK, FoundEdition


def rules_of(found: FoundEdition, survey: Survey) -> Publication:
    """The rules an edition was published by; those of today where it does not tell."""
    path = found.folder / CODEBOOK
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["publication"]
        return Publication.model_validate(told)
    except (FileNotFoundError, ValueError, KeyError, TypeError, ValidationError):
        return survey.dossier.publication


def all_hidden(
    store: Store,
    survey: Survey,
    found: FoundEdition,
    run: TableRun,
    tables: Sequence[Table],
    publication: Publication,
) -> tuple[HiddenCell, ...]:
    """All that an edition of `tables`, those of its run, hides by the rules of `publication`."""
    earlier = earlier_of(store, survey, found, run)
    return dry_run(tables, publication, earlier=earlier, care=care_of(survey)).hidden


def earlier_of(
    store: Store, survey: Survey, found: FoundEdition, run: TableRun
) -> tuple[PublishedTable, ...]:
    """What the edition before this one had told when this one was made.

    As `published_tables.earlier_tables` finds it, but for an edition that need not be the newest.
    """
    before = [
        edition
        for edition in store.editions(survey.code)
        if edition.theme == run.theme and edition.number < found.number
    ]
    if not before:
        return ()
    last = max(before, key=lambda edition: edition.number)
    told = last.inputs.get("table_run")
    if last.state != "published" or last.wave != run.wave or told in (None, run.id):
        return ()
    tables = stored_tables(store.read_table_run(int(told)), survey, run.theme)
    return publish(tables, survey.dossier.publication, care=care_of(survey)).tables

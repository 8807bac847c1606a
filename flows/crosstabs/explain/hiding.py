"""Why a number of an edition is hidden, as what protects the edition recorded it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.rules import Rule
from flows.crosstabs.dry_run import HiddenCell
from flows.crosstabs.explain.number import Hidden
from flows.crosstabs.tables import Table
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions.dossier_plan import Publication

NO_BASE, UNKNOWN = "no_base", "unknown"


def why_hidden(
    table: Table,
    row: str,
    column: str,
    publication: Publication,
    care: Care,
    recorded: Iterable[HiddenCell],
) -> Hidden:
    """Why the number in `row` and `column` of a table is not shown; both must exist in it.

    `recorded`: what the protection of the whole edition hides (`dry_run`), since a number may
    be hidden for one in another table. `care`: what of the survey asks for more than its size.
    """
    c = table.columns.index(column)
    if row == DONT_KNOW:
        people, number = int(table.asked[c]), float(table.dont_know[c])
    else:
        people, number = int(table.n[c]), float(table.estimate[table.row(row), c])
    if not people or not math.isfinite(number):
        return Hidden(NO_BASE, "there is nobody in this column to count it of")
    place = (table.identity.number, row, column)
    found = next((h for h in recorded if (h.table, h.row, h.column) == place), None)
    if found is None:
        return Hidden(
            UNKNOWN,
            "the present definitions and code would show it; they are others than those that "
            "this edition was made by",
        )
    local, special = care.columns(table)
    return Hidden(
        found.rule.value, _reason(found, table, publication, bool(local[c]), bool(special[c]))
    )


def _reason(found: HiddenCell, table: Table, rules: Publication, local: bool, special: bool) -> str:
    """The rule in words, with what makes it count here."""
    few = f"1 to {rules.small_count} people"
    match found.rule:
        case Rule.TOO_FEW:
            return f"fewer than {rules.minimum_base} people answered"
        case Rule.SMALL if local:
            return f"{few}, in figures of a place below a province, where no base is large enough"
        case Rule.SMALL:
            return f"{few} in a base under {rules.small_base}"
        case Rule.SPECIAL:
            own = table.identity.special != "none" or not special
            what = "of a special question" if own else "among people whom a special question makes"
            return f"0% or 100% {what}, in a group under {rules.special_base}"
    told = "an earlier file and this number" if found.rule is Rule.EARLIER else "it"
    if not found.protects:
        return "goes with the other numbers of its column, from which it would follow"
    return f"protects another number: {found.protects} would follow from {told}"

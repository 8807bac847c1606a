"""What publishing would hide, by which rule, and which findings would vanish with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.edition import Protection, Reason, column_name, protect
from flows.crosstabs.disclosure.goals import Key
from flows.crosstabs.disclosure.rules import Rule
from flows.crosstabs.findings import find
from flows.crosstabs.publish import published_tables
from flows.crosstabs.tables import Finding, PublishedTable, Table
from flows.definitions.dossier_plan import Publication

DONT_KNOW = "dont_know"
PARTICIPANTS = "n"

IN_WORDS = {
    Rule.TOO_FEW: "too few people",
    Rule.SMALL: "an answer of a few persons",
    Rule.SPECIAL: "0% or 100% in a special question",
    Rule.COMPLEMENT: "others would follow from it",
    Rule.EARLIER: "an earlier file would tell of a few persons",
}


@dataclass(frozen=True)
class HiddenCell:
    """One number that would be hidden.

    `row`: code of its row, `dont_know` for those without an opinion, `n` for the number of
    participants. `protects`: what would follow from it, in words; empty where a rule of size
    hides the cell itself.
    """

    table: str
    row: str
    column: str
    rule: Rule
    protects: str


@dataclass(frozen=True)
class DryRun:
    """What an edition would hide. `cells`: all cells of its tables; `hidden`: those hidden.

    The lists also have rows of no opinion and numbers of participants, which are no cells.
    `notes`: what cannot be protected.
    """

    hidden: tuple[HiddenCell, ...]
    lost: tuple[Finding, ...]
    cells: int
    notes: tuple[str, ...]

    @property
    def hidden_cells(self) -> int:
        return sum(cell.row not in (DONT_KNOW, PARTICIPANTS) for cell in self.hidden)

    @property
    def by_rule(self) -> dict[Rule, int]:
        """How many cells each rule hides, in the order of the rules."""
        counts = Counter(c.rule for c in self.hidden if c.row not in (DONT_KNOW, PARTICIPANTS))
        return {rule: counts[rule] for rule in Rule if counts[rule]}

    def lines(self) -> Iterator[str]:
        """The dry run for the command line: the sums, then what goes per table and rule."""
        share = 100 * self.hidden_cells / max(self.cells, 1)
        yield f"{self.hidden_cells:,} of {self.cells:,} cells would be hidden ({share:.1f}%)"
        for rule, count in self.by_rule.items():
            yield f"  {count:,}: {IN_WORDS[rule]}"
        for table in dict.fromkeys(cell.table for cell in self.hidden):
            yield table
            for cell in self.hidden:
                if cell.table == table:
                    why = f"so that {cell.protects} does not follow" if cell.protects else ""
                    yield f"  {cell.column}, {cell.row}: {why or IN_WORDS[cell.rule]}"
        yield f"{len(self.lost):,} findings would vanish"
        for finding in self.lost:
            yield f"  {finding.table} {finding.row} in {finding.column} ({finding.direction.value})"
        yield from self.notes


def dry_run(
    tables: Sequence[Table],
    publication: Publication,
    *,
    earlier: Sequence[PublishedTable] = (),
    care: Care = Care(),  # noqa: B008
) -> DryRun:
    """What `publish` would hide of these tables; arguments as there.

    A finding vanishes when it would be one if nothing were hidden and is none as published.
    """
    protection = protect(tables, publication, earlier, care)
    shown = published_tables(protection, publication)
    kept = {(f.table, f.row, f.column) for f in find(tables, shown, publication)}
    everything = find(tables, published_tables(protection, publication, whole=True), publication)
    return DryRun(
        hidden=tuple(_hidden(protection)),
        lost=tuple(f for f in everything if (f.table, f.row, f.column) not in kept),
        cells=sum(table.estimate.size for table in tables),
        notes=tuple(protection.notes),
    )


def _hidden(protection: Protection) -> Iterator[HiddenCell]:
    for t, placed in enumerate(protection.placed):
        table = placed.table

        def told(row: str, c: int, reason: Reason, table: Table = table) -> HiddenCell:
            protects = _words(protection, reason.complement_of) if reason.complement_of else ""
            return HiddenCell(table.identity.number, row, table.columns[c], reason.rule, protects)

        for r, row in enumerate(table.rows):
            for c in range(len(table.columns)):
                reason = protection.hidden.get(placed.key(r, c))
                if reason is not None and table.n[c] > 0:
                    yield told(row.code, c, reason)
        for c in range(len(table.columns)):
            reason = protection.hidden.get(placed.dont_know_key(c))
            if reason is not None and table.asked[c] > 0:
                yield told(DONT_KNOW, c, reason)
            for key in protection.numbers.get((t, c), ()):
                if key in protection.hidden:
                    yield told(PARTICIPANTS, c, protection.hidden[key])


def _words(protection: Protection, key: Key) -> str:
    """What a key protects: a cell, or answers of a group that is found by subtraction."""
    assert isinstance(key, tuple)
    group = column_name(next(part for part in key if isinstance(part, frozenset)))
    answer = str(key[-1]).partition(":")[2] or str(key[-1])
    if key[0] == "rest":
        return f"{answer} of the people of {group} who are in no column"
    if key[0] == "since":
        return f"{answer} of the people of {group} who came or went since {key[1]}"
    if key[0] == DONT_KNOW:
        return f"no opinion in {group}"
    number = next(
        p.table.identity.number
        for p in protection.placed
        if (p.question, p.item) == (key[1], key[2])
    )
    return f"{number} {answer} in {group}"

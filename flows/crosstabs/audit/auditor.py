"""Audits a set of published files: rules, and every hidden number by linear programming."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flows.crosstabs.audit.bases import weighings
from flows.crosstabs.audit.leaks import Audit, Leak, Tightest
from flows.crosstabs.audit.links import Change, Elsewhere, components, overview_rows, repeated
from flows.crosstabs.audit.published import PublishedFile
from flows.crosstabs.audit.rules import broken_rules
from flows.crosstabs.audit.solving import Evidence, attack


def audit(
    files: Sequence[PublishedFile],
    changes: Sequence[Change] = (),
    elsewhere: Sequence[Elsewhere] = (),
    traces: Sequence[Leak] = (),
    notes: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """What the files give away together.

    traces: what was found left in workbooks. changes: printed changes between waves.
    elsewhere: numbers that other files print.
    progress: told how many groups of tables are done, of how many.
    """
    leaks: list[Leak] = list(traces)
    tightest: list[Tightest] = []
    for file in files:
        leaks.extend(broken_rules(file))
    weights = [weighings(file) for file in files]
    repeats = [repeated(file) for file in files]
    evidence = Evidence(files, weights, repeats, changes, elsewhere)
    copies = [{table for table, _ in overview_rows(file)} for file in files]
    groups = [
        [(place, number) for place, number in members if number not in copies[place]]
        for members in components(files)
    ]
    hidden = below = unjudged = 0
    for done, members in enumerate(groups):
        found = attack(members, evidence)
        leaks.extend(found.leaks)
        hidden, below = hidden + found.hidden, below + found.below
        unjudged += found.unjudged
        tightest.extend(found.tightest)
        if progress is not None:
            progress(done + 1, len(groups))
    guessed = [file.name for file in files if not file.whole]
    if guessed:
        named = ", ".join(guessed[:3]) + (f" and {len(guessed) - 3} more" if guessed[3:] else "")
        notes = (
            *notes,
            f"{named}: no codebook.json beside it, as in editions made before it existed, so "
            "hidden rows and the members of nets are not known and the audit is not whole; "
            "publish the edition again.",
        )
    return Audit(
        leaks=tuple(leaks),
        files=len(files),
        tables=sum(len(file.tables) for file in files),
        shown=sum(figure.shown for file in files for figure in file.figures.values()),
        hidden=hidden,
        below=below,
        unjudged=unjudged,
        tightest=min(tightest, key=lambda t: t.high - t.low, default=None),
        notes=tuple(notes),
        guessed=tuple(guessed),
    )

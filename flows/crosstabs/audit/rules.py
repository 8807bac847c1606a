"""Whether every shown number keeps the rules of publication."""

from __future__ import annotations

from collections.abc import Iterator

from flows.crosstabs.audit.figures import printed_interval, too_precise
from flows.crosstabs.audit.leaks import Leak
from flows.crosstabs.audit.published import (
    DONT_KNOW,
    SHARE_KINDS,
    TOTAL,
    BookRow,
    BookTable,
    Figure,
    PublishedFile,
    cell_name,
)

LIGHTEST = 0.3
"""Taken as the lowest weight where the codebook prints none."""

MEASURED = ("answer", "net", "mean", "median", "sd", "score", "effect", DONT_KNOW)


def broken_rules(file: PublishedFile) -> Iterator[Leak]:
    """Every shown number that should not be shown, or not like this."""
    for table in file.tables.values():
        for row in table.rows:
            for column in table.columns:
                figure = file.figure(table.number, row.key, column)
                if figure is None:
                    continue
                for told in _faults(file, table, row, column, figure):
                    cell = cell_name(file, table.number, row, column)
                    yield Leak(file.name, "rule", cell, told, figure.value, figure.value)


def _faults(
    file: PublishedFile, table: BookTable, row: BookRow, column: str, figure: Figure
) -> Iterator[str]:
    rules = file.rules
    unit = file.units.get(row.kind, 0.01)
    if not figure.shown:
        if figure.low is not None or figure.high is not None or figure.verdict:
            yield "the number is hidden, but its margin or mark is left"
        return
    n = figure.n if figure.n is not None else file.n.get((table.number, column))
    if n is None:
        n = _most_people(file, table, column)
        if n < rules.minimum_base:
            yield f"shown for at most {n} participants, and {rules.minimum_base} are needed"
        return
    if n < rules.minimum_base:
        yield f"shown for {n} participants, and at least {rules.minimum_base} are needed"
    elif figure.value is not None and figure.flag != "indicative":
        weak = figure.n_eff is not None and figure.n_eff < rules.minimum_effective
        if n < rules.indicative_base or weak:
            yield f"shown for {n} participants without being called indicative"
    for number in (figure.value, figure.low, figure.high):
        if number is not None and too_precise(number, unit):
            yield f"{number:g} is finer than the unit of {unit:g} that numbers are rounded to"
            break
    if row.kind not in SHARE_KINDS:
        return
    if figure.is_bound:
        # Those without an opinion are a share of all who were asked, not of who answered.
        asked = n + rules.small_count if row.kind == DONT_KNOW else n
        yield from _bound_faults(file, asked)
        return
    assert figure.value is not None
    special = table.special != "none" or _special_column(file, column)
    if special and n < rules.special_base and figure.value in (0.0, 1.0):
        yield (
            f"{figure.value:.0%} of {n} participants is shown of a special question, and at "
            f"least {rules.special_base} are needed"
        )
    few = _few_people(file, row, figure, n)
    if few:
        yield few


def _most_people(file: PublishedFile, table: BookTable, column: str) -> int:
    """At most so many took part, where their number is hidden: what the others leave."""
    whole = file.n.get((table.number, TOTAL), 10**9)
    for nest in file.nests:
        if nest.whole == TOTAL and column in nest.parts:
            return whole - sum(file.n.get((table.number, code), 0) for code in nest.parts)
    return whole


def _bound_faults(file: PublishedFile, n: int) -> Iterator[str]:
    rules = file.rules
    if file.local:
        yield "a small answer is shown as 'less than', and has to be hidden below province"
    elif n < rules.small_base:
        yield (
            f"a small answer of {n} participants is shown as 'less than', and has to be hidden "
            f"where fewer than {rules.small_base} took part"
        )


def _special_column(file: PublishedFile, column: str) -> bool:
    known = file.columns.get(column)
    return known is not None and known.special != "none"


def _few_people(file: PublishedFile, row: BookRow, figure: Figure, n: int) -> str:
    """Whether a share can only be 1 to 4 persons, even if these weigh as little as anybody."""
    if figure.value is None or figure.value <= 0 or row.kind == DONT_KNOW:
        return ""
    _, high = printed_interval(figure, row.kind, file.units)
    lightest = file.lowest_weight if file.lowest_weight is not None else LIGHTEST
    most = high * n / max(lightest, 0.05)
    if most >= file.rules.small_count + 1:
        return ""
    return (
        f"{figure.value:.0%} of {n} participants is at most {file.rules.small_count} persons, "
        "which is not shown as a number"
    )

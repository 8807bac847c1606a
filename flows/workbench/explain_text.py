"""An explanation as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from flows.crosstabs.explain.error import Compared, Estimate
from flows.crosstabs.explain.number import Bases, CellExplained
from flows.workbench.explain import Explanation
from flows.workbench.explain_lookup import Published
from flows.workbench.explain_records import Rows

_LABEL = 13
_IMPORTS = "import numpy as np, pandas as pd, pyreadstat"
_INTERVALS = {
    "logit": "logit",
    "korn_graubard": "Korn-Graubard",
    "t": "t",
    "none": "none",
    "other": "of another rule",
}
_UNITS = ("mean", "median", "sd")


def explanation_lines(told: Explanation) -> list[str]:
    """What a person reads, most asked first, the lines to make it again last."""
    lines = [f"{told.edition} ({told.state}), table {told.table}, {told.row}:{told.column}"]
    if told.column_name != told.column:
        lines[0] += f" ({told.column_name})"
    units = told.published.statistic in _UNITS
    lines.append(_line("published", _published(told.published, units)))
    if told.cell is not None:
        lines += list(_cell_lines(told.cell))
    if told.rows is not None:
        lines += list(_row_lines(told.rows))
    lines += list(_weighting_lines(told))
    lines += ["", "From the cell to the files:"]
    lines += [f"  {what}: {known}" for what, known in told.chain]
    if told.lines is not None:
        lines += ["", "Make it again from the analysis file:", f"  {told.lines.export}", ""]
        lines += ["pandas:", f"  {_IMPORTS}", f"  {told.lines.reading}"]
        lines += [f"  {told.lines.pandas}", ""]
        lines += ["SPSS:", *(f"  {line}" for line in told.lines.spss.splitlines())]
    if told.notes:
        lines += ["", *told.notes]
    if told.cell is not None:
        lines += ["", "Internal: unrounded numbers are for the analyst, not for a client."]
    return lines


def _published(number: Published, units: bool) -> str:
    if number.flag == "hidden":
        return "hidden: no line in tables.csv"
    if number.flag == "below":
        return f"less than {_shown(number.high, units)}, {_people_of(number)}"
    flag = f", {number.flag}" if number.flag else ""
    verdict = f", {number.verdict} than all others" if number.verdict else ""
    if number.low is None or number.high is None:
        return f"{_shown(number.value, units)}{verdict}{flag}, {_people_of(number)}"
    between = f"{_shown(number.low, units)} to {_shown(number.high, units)}"
    return f"{_shown(number.value, units)} ({between}){verdict}{flag}, {_people_of(number)}"


def _people_of(number: Published) -> str:
    return "n hidden" if number.n is None else f"n {number.n:,}"


def _shown(value: float | None, units: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if units else f"{value:.0%}"


def _cell_lines(cell: CellExplained) -> Iterator[str]:
    if cell.hidden is not None:
        yield _line("hidden", f"{cell.hidden.reason} (rule: {cell.hidden.rule})")
    if cell.estimate is not None:
        yield from _estimate_lines(cell.estimate)
    if cell.compared is not None:
        yield from _test_lines(cell.compared)
    counted = cell.counted
    yield ""
    yield _line("question", cell.text)
    if counted.base is not None:
        yield _line("asked of", counted.base)
    yield _line("row", f"{counted.label} ({counted.kind})")
    for code, label, score in counted.options:
        yield _line("", f"{code}: {label}" + ("" if score is None else f" = {score:g}"))
    yield _line("counted", counted.missing)
    yield _line("people", _people(cell.bases))


def _people(bases: Bases) -> str:
    told = []
    if bases.asked is not None:
        told.append(f"{bases.asked:,} asked")
    if bases.answered is not None:
        told.append(f"{bases.answered:,} answered")
    if bases.no_opinion is not None:
        told.append(f"{bases.no_opinion:,} without an opinion")
    if bases.no_answer:
        told.append(f"{bases.no_answer:,} without any answer")
    if bases.behind is not None:
        told.append(f"{bases.behind:,} behind this number")
    people = ", ".join(told) or "hidden"
    if bases.weighted is None or bases.effective is None:
        return people
    return f"{people}; weighted base {bases.weighted:,.1f}, effective base {bases.effective:,.1f}"


def _estimate_lines(estimate: Estimate) -> Iterator[str]:
    yield _line("unrounded", f"{estimate.value!r}")
    if estimate.standard_error is not None:
        yield _line("error", f"{estimate.standard_error!r} (design-based)")
    if estimate.low is not None and estimate.high is not None:
        rule = _INTERVALS[estimate.interval]
        ends = f"{estimate.low:.6f} to {estimate.high:.6f}"
        yield _line("interval", f"{ends}, {rule}: {estimate.why_interval}")


def _test_lines(test: Compared) -> Iterator[str]:
    if test.difference is not None and test.p is not None:
        error = "" if test.standard_error is None else f", error {test.standard_error:.6f}"
        freedom = "" if test.degrees_of_freedom is None else f", {test.degrees_of_freedom:,.0f} df"
        yield _line("difference", f"{test.difference:+.6f} with all others{error}{freedom}")
        correction = test.correction.replace("_", "-")
        adjusted = "" if test.p_adjusted is None else f", {test.p_adjusted:.4g} by {correction}"
        needed = "" if test.threshold is None else f"; marked from {test.threshold:.3g}"
        yield _line("test", f"p {test.p:.4g}{adjusted}{needed}")
    yield _line("verdict", f"{test.verdict.value or 'no mark'}: {test.why}")
    if test.letters:
        yield _line("letters", f"higher than {test.letters}")


def _row_lines(rows: Rows) -> Iterator[str]:
    left = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in rows.left_out.items())
    yield _line("wave", f"{rows.kept:,} respondents kept; left out: {left or 'nobody'}")
    for file in rows.files:
        now = "" if file["current"] else ", replaced since"
        told = f"{file['file']} ({file['survey']} {file['wave']}, {file['rows']:,} rows{now})"
        yield _line("", f"{told}, SHA-256 {file['source_sha256'][:12]}")


def _weighting_lines(told: Explanation) -> Iterator[str]:
    if told.weighting is not None:
        w = told.weighting
        low, high = w["weights"]
        g_low, g_high = w["g_weights"]
        yield ""
        base = f" from base weight {w['base_weight']}" if w["base_weight"] else ""
        yield _line(
            "weights",
            f"{w['method']}{base}, {low:.2f} to {high:.2f}, g {g_low:.2f} to {g_high:.2f}, "
            f"efficiency {w['efficiency']:.1%}, effective n {w['effective_n']:,.0f}",
        )
        for margin in w["margins"]:
            source = f"{margin['source']} ({margin['reference_date']})"
            yield _line("", f"{margin['margin']}, {margin['levels']} levels: {source}")
    if told.typing is not None:
        t = told.typing
        source = "the golden questions" if t["assigned_from"] == "register" else "own answers"
        yield _line("profiles", f"model {t['model']} ({t['model_state']}), assigned from {source}")


def _line(label: str, text: str) -> str:
    return f"  {label:<{_LABEL}}{text}".rstrip()

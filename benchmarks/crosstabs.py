"""How fast cross-tabs are, beside other tools on the same answers.

    .venv/bin/python benchmarks/crosstabs.py --peers-python PATH --quantipy-python PATH

Ours is timed as a user calls it: from the frame of answers to finished tables, with every test.
Contenders take turns, each in a process of its own; those that would take hours get some of the
questions, and their time is scaled by the rows of the tables. What every contender found is
compared with ours in the same run. docs/benchmarks.md tells how to read it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _crosstabs_data import AXES, LEVELS, MARGINS, Problem, survey
from _crosstabs_peers import PEERS
from _table import busy, machine, table, times
from _timing import NotAvailableError, PythonContender, RContender, Timed

OURS, R, QUANTIPY = "themadossier", "R survey", "quantipy3"
BUDGET = 60.0
"""Seconds a contender may use in one comparison; a slow one gets fewer turns."""


@dataclass(frozen=True)
class Comparison:
    """`parts`: how many of the questions each contender gets. `goals`: times as fast as whom;
    `guide`: seconds, for our way of calling `way`."""

    key: str
    title: str
    task: str
    respondents: int
    questions: int
    axes: int
    parts: dict[str, int]
    way: str
    goals: dict[str, float] = field(default_factory=dict)
    guide: float | None = None


CALIBRATED, PLAIN = "all tests, errors after calibration", "all tests, no calibration"
SOME = {"pandas + statsmodels": 10, QUANTIPY: 6, "svy": 3, R: 3}
COMPARISONS = (
    Comparison("cube-75k", "75,000 x 200 questions x 45 columns", "cube", 75_000, 200, 8, SOME,
               CALIBRATED, {"pandas + statsmodels": 50, QUANTIPY: 400}, 1.5),
    Comparison("cube-10k", "10,000 x 200 questions x 45 columns", "cube", 10_000, 200, 8, SOME,
               PLAIN, {"pandas + statsmodels": 250, QUANTIPY: 500}, 0.2),
    Comparison("theme-10k", "one theme: 10,000 x 50 questions x 8 profiles and all", "cube",
               10_000, 50, 1, {}, CALIBRATED, {}, 0.05),
    Comparison("items-10k", "60 items x 8 profiles, errors after calibration", "items", 10_000,
               100, 1, {OURS: 60, "svy": 60, R: 60}, "errors after calibration", {"svy": 30}, 0.3),
)  # fmt: skip

GROWTH = (
    ("respondents", [(n, 200, 8) for n in (10_000, 20_000, 40_000, 75_000, 150_000)]),
    ("questions", [(20_000, q, 8) for q in (25, 50, 100, 200, 400)]),
    ("columns", [(20_000, 200, axes) for axes in (1, 2, 4, 8)]),
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    wanted = options.only.split(",") if options.only else [""]
    chosen = [c for c in COMPARISONS if any(c.key.startswith(word) for word in wanted)]
    grow = any("growth".startswith(word) for word in wanted)
    if not chosen and not grow:
        keys = [*(c.key for c in COMPARISONS), "growth"]
        print(f"--only: choose from {', '.join(keys)}.", file=sys.stderr)
        return 2
    print(f"{machine(options.threads)}; busy when starting: {busy()}")
    report: dict[str, Any] = {"machine": machine(options.threads), "comparisons": []}
    failed = False
    with tempfile.TemporaryDirectory() as folder, _contenders(options) as (ready, missing):
        for contender in ready:
            told = ", ".join(f"{name} {v}" for name, v in contender.versions.items())
            includes = PEERS[contender.name].includes if contender.name in PEERS else _R_INCLUDES
            print(f"- {contender.name}: {includes} ({told})")
        for name, why in missing.items():
            print(f"- {name}: not here ({why})")
        for comparison in chosen:
            rows = _compare(comparison, ready, options, Path(folder))
            print(f"\n{comparison.key}: {comparison.title}\n\n{_details(rows)}", flush=True)
            verdict = _judge(comparison, rows, at_full_size=options.rows is None)
            print(f"\n{verdict}")
            failed |= "NOT" in verdict
            report["comparisons"].append(
                {
                    "key": comparison.key,
                    "verdict": verdict,
                    "results": [
                        {"contender": row.contender, "how": row.how, "seconds": row.seconds}
                        | row.facts
                        for row in rows
                    ],
                }
            )
        if grow and not options.no_growth:
            report["growth"] = _growth(ready[0], options, Path(folder))
    print(f"\nBusy when ending: {busy()}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return int(failed)


_R_INCLUDES = "svytable and svychisq; svyby for the items"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help="comparisons by (the start of) their name, or growth")
    parser.add_argument("--rows", type=int, help="respondents everywhere; goals are not judged")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--no-peers", action="store_true", help="time ours alone")
    parser.add_argument("--no-growth", action="store_true", help="leave the growth out")
    parser.add_argument("--peers-python", help="the interpreter that has svy")
    parser.add_argument("--quantipy-python", help="the interpreter that has quantipy3")
    parser.add_argument("--threads", type=int, default=2, help="BLAS threads, for all (default 2)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    options = parser.parse_args(arguments)
    if options.rows is not None and options.rows < 1000:
        parser.error("--rows: at least 1,000, or columns stay empty")
    if options.repeats < 1:
        parser.error("--repeats: at least 1")
    for name in ("peers_python", "quantipy_python"):
        given = getattr(options, name)
        if given:
            program = shutil.which(given)
            if program is None:
                parser.error(f"--{name.replace('_', '-')}: {given} is not a program")
            # Not resolved: it may be a virtual environment's.
            setattr(options, name, str(Path(program).absolute()))
    return options


@contextmanager
def _contenders(options: argparse.Namespace) -> Iterator[tuple[list[Any], dict[str, str]]]:
    """Ours first, then whoever is there; who is not, and why."""
    ready: list[Any] = []
    missing: dict[str, str] = {}
    names = [OURS] if options.no_peers else [*PEERS, R]
    try:
        for name in names:
            try:
                ready.append(_contender(name, options))
            except NotAvailableError as reason:
                if name == OURS:
                    raise SystemExit(f"Ours cannot be timed: {reason}") from reason
                missing[name] = str(reason)
        yield ready, missing
    finally:
        for contender in ready:
            contender.close()


def _contender(name: str, options: argparse.Namespace) -> Any:
    if name == R:
        return _RTables(options.threads)
    python = sys.executable
    if name == QUANTIPY:
        if not options.quantipy_python:
            raise NotAvailableError("--quantipy-python names no interpreter")
        python = options.quantipy_python
    elif name == "svy" and options.peers_python:
        python = options.peers_python
    return PythonContender("_crosstabs_peers", name, python=python, threads=options.threads)


class _RTables(RContender):
    """R reads text files with the questions it gets, so they are written when it loads."""

    def __init__(self, threads: int) -> None:
        super().__init__("_crosstabs.R", {"cube": ["tables"], "items": ["items"]}, [],
                         threads=threads)  # fmt: skip
        self.task = ""

    def load(self, task: str, problem: Path, form: str) -> list[str]:
        self.task = task
        _write_for_r(Problem.load(problem), task, int(form), problem)
        return super().load(task, problem, form)

    def run(self, how: str, result: Path | None = None, memory: bool = False) -> dict[str, Any]:
        words = ["run", self.task]
        return self.process.ask("\t".join([*words, str(result)] if result else words))


def _write_for_r(problem: Problem, task: str, questions: int, path: Path) -> None:
    answers = list(problem.five.T[:questions])
    if task == "cube":
        part = problem.part(questions)
        ticks = part.multiple.transpose(1, 2, 0).reshape(-1, problem.n)
        answers = [*part.five.T, *part.single.T, *ticks]
    data: dict[str, Any] = {f"q{i}": pd.Series(a).where(a >= 0) for i, a in enumerate(answers)}
    data |= {f"b_{name}": problem.banner[:, i] for i, name in enumerate(problem.columns)}
    totals = []
    if task == "items":
        for i, (name, levels) in enumerate(MARGINS.items()):
            data[name] = problem.margins[:, i]
            sizes = np.bincount(problem.margins[:, i], problem.weights, levels)
            totals += [(name, k, f"{size:.17g}") for k, size in enumerate(sizes)]
    data["w"] = problem.weights
    pd.DataFrame(data).to_csv(path.with_suffix(".respondents.csv"), index=False)
    frame = pd.DataFrame(totals, columns=["margin", "level", "total"])
    frame.to_csv(path.with_suffix(".targets.csv"), index=False)


def _compare(
    comparison: Comparison, ready: Sequence[Any], options: argparse.Namespace, folder: Path
) -> list[Timed]:
    """Every contender that takes part, in turns, and whether it found what we did."""
    n = options.rows or comparison.respondents
    problem = survey(n, comparison.questions, comparison.axes)
    path, small = folder / comparison.key, folder / f"{comparison.key}-small"
    problem.save(path)
    survey(1000, comparison.questions, comparison.axes).save(small)
    whole = comparison.parts.get(OURS, comparison.questions)
    rows: list[tuple[Any, Timed, int]] = []
    for contender in ready:
        part = whole if contender.name == OURS else comparison.parts.get(contender.name)
        if part is None:
            continue
        part = min(part, whole)
        try:
            for how in contender.load(comparison.task, small, str(min(part, 3))):
                contender.run(how, None, False)
            for how in contender.load(comparison.task, path, str(part)):
                rows.append((contender, Timed(contender.name, how), part))
        except NotAvailableError as reason:
            rows.append((contender, Timed(contender.name, "", error=str(reason)), part))
    for turn in range(options.repeats):
        for i, (contender, row, _) in enumerate(rows):
            if row.error or (turn and sum(row.seconds) + row.best > BUDGET):
                continue
            result = None if turn or contender.name == OURS else folder / f"{comparison.key}-{i}"
            answer = contender.run(row.how, result, False)
            if "error" in answer:
                row.error = answer["error"]
                continue
            row.seconds.append(answer["seconds"])
            row.result = row.result or result
    _agree(comparison, problem, ready[0], rows, path, folder)
    return [row for _, row, _ in rows]


def _agree(
    comparison: Comparison, problem: Problem, ours: Any,
    rows: Sequence[tuple[Any, Timed, int]], path: Path, folder: Path,
) -> None:  # fmt: skip
    """Put the scaled time and the largest difference with our tables into the facts of rows."""
    for _, row, part in rows:
        if row.error or not row.seconds:
            continue
        of_part = problem.part(part).rows if comparison.task == "cube" else part
        whole = problem.rows if comparison.task == "cube" else comparison.parts[OURS]
        row.facts["scale"] = 1.0 if row.contender == OURS else whole / of_part
        row.facts["part"] = part
        row.facts["scaled"] = row.median * row.facts["scale"]
        if row.result is None:
            continue
        how = ours.load(comparison.task, path, str(part))[0]
        answer = ours.run(how, folder / "ours", False)
        if "error" in answer:
            row.facts["differs"] = answer["error"]
            continue
        found = _read(row.result)
        row.facts["differs"] = _differences(
            comparison.task, row.contender, found, np.load(folder / "ours.npy"), problem, part
        )


def _read(path: Path) -> Any:
    stored = path.with_name(path.name + ".npy")
    return np.load(stored) if stored.exists() else np.fromfile(path)


def _differences(
    task: str, contender: str, found: Any, ours: Any, problem: Problem, part: int
) -> dict[str, float]:
    """The largest differences: of counts relative to the respondents, of z, of errors."""
    r, c, _ = ours.shape
    if task == "items":
        if contender == R:
            found = np.moveaxis(found.reshape(-1, 2, LEVELS["five"], c), 1, -1).reshape(r, c, 2)
        return {
            "estimates": float(np.abs(found[..., 0] - ours[..., 2]).max()),
            "errors": float(np.abs(found[..., 1] / ours[..., 3] - 1).max()),
        }
    if contender == R:
        found = _counts_of_r(found, problem.part(part))
    result = {"counts": float(np.abs(found[:, :c] - ours[..., 0]).max() / problem.n)}
    if contender == "pandas + statsmodels":
        z = _z(ours, list(problem.columns.values()))
        result["z"] = float(np.nanmax(np.abs(found[:, c:] - z)))
    return result


def _counts_of_r(found: Any, problem: Problem) -> Any:
    """R lists item by item and column by column its cells, answers running fastest."""
    lines, start = [], 0
    multiple = problem.multiple.shape[1] * problem.multiple.shape[2]
    levels = [LEVELS["five"]] * problem.five.shape[1] + [LEVELS["single"]] * problem.single.shape[1]
    for k in [*levels, *[2] * multiple]:
        parts = []
        for width in problem.columns.values():
            parts.append(found[start : start + k * width].reshape(width, k).T)
            start += k * width
        both = np.hstack(parts)
        lines.append(both[1:] if k == 2 else both)
    return np.concatenate(lines)


def _z(ours: Any, widths: Sequence[int]) -> Any:
    """z of all pairs of columns from our shares and effective bases, pooled as statsmodels does."""
    parts, start = [], 0
    for width in widths:
        e, p = (ours[:, start : start + width, i] for i in (1, 2))
        start += width
        for a, b in combinations(range(width), 2):
            pooled = (p[:, a] * e[:, a] + p[:, b] * e[:, b]) / (e[:, a] + e[:, b])
            error = np.sqrt(pooled * (1 - pooled) * (1 / e[:, a] + 1 / e[:, b]))
            parts.append((p[:, a] - p[:, b]) / error)
    return np.stack(parts, axis=1)


def _details(rows: Sequence[Timed]) -> str:
    ours = next((row for row in rows if row.contender == OURS and row.seconds), None)
    lines = []
    for row in rows:
        if row.error or not row.seconds:
            lines.append([row.contender, row.how, "", "", "", "", row.error or "no turn"])
            continue
        scaled = row.facts["scaled"]
        part = "all" if row.facts["scale"] == 1 else f"x{row.facts['scale']:.1f}"
        differs = row.facts.get("differs", "")
        if isinstance(differs, dict):
            differs = ", ".join(f"{name} {value:.0e}" for name, value in differs.items())
        lines.append(
            [row.contender, row.how, f"{row.median:,.3f}", f"{row.best:,.3f}", part,
             f"{scaled:,.2f}", differs]
        )  # fmt: skip
        if ours is not None and row.contender != OURS:
            lines[-1][5] += f" ({times(scaled / ours.median)})"
    head = ["contender", "what", "median s", "best s", "part", "whole s", "differs from ours by"]
    return table(head, lines, ["contender", "what", "differs from ours by"])


_EQUAL = ("counts", "z", "estimates")


def _judge(comparison: Comparison, rows: Sequence[Timed], *, at_full_size: bool) -> str:
    """The goals of a comparison in words; NOT where one is missed."""
    ours = next((r for r in rows if r.contender == OURS and r.how == comparison.way), None)
    if ours is None or not ours.seconds:
        return f"Ours was NOT timed: {ours.error if ours else comparison.way}"
    said = [f"{comparison.way}: {ours.median:.3f} s (guide {comparison.guide} s)"]
    for name, goal in comparison.goals.items() if at_full_size else ():
        peer = next((row for row in rows if row.contender == name and row.seconds), None)
        if peer is None:
            said.append(f"{name}: not timed here")
            continue
        ratio = peer.facts["scaled"] / ours.median
        said.append(f"{times(ratio)} {name} (goal {goal:g}x{'' if ratio >= goal else ', NOT met'})")
    for row in rows:
        differs = row.facts.get("differs")
        if isinstance(differs, dict) and max(differs.get(x, 0) for x in _EQUAL) > 1e-9:
            said.append(f"the results of {row.contender} are NOT ours")
    return "; ".join(said)


def _growth(ours: Any, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Ours alone, with more and more of one thing."""
    report: dict[str, Any] = {}
    for name, sizes in GROWTH:
        lines = []
        report[name] = []
        for n, questions, axes in sizes:
            n = min(n, options.rows) if options.rows else n
            path = folder / "growth"
            survey(n, questions, axes).save(path)
            ways = ours.load("cube", path, str(questions))
            seconds = {
                how: statistics.median(
                    ours.run(how, None, False)["seconds"] for _ in range(min(options.repeats, 3))
                )
                for how in ways
            }
            columns = sum(list(AXES.values())[:axes])
            report[name].append([n, questions, columns, seconds])
            lines.append([f"{n:,}", str(questions), str(columns),
                          *(f"{value:.3f}" for value in seconds.values())])  # fmt: skip
        head = ["respondents", "questions", "columns", *(f"{how}, s" for how in ways)]
        print(f"\ngrowth with {name}\n\n{table(head, lines, [])}", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())

"""How fast weighting is, beside other tools on the same respondents.

    .venv/bin/python benchmarks/weighting.py

Ours is timed as a user calls it: from a pandas frame with its own columns, with all checks, the
table of margins and the figures of the result; and once more with everything the page of a
weighting tells. Others are timed to their weights alone. Contenders take turns, each in a process
of its own; every result's margins are checked here. docs/benchmarks.md tells how to read it and
gives the last table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _table import busy, machine
from _timing import Contender, NotAvailableError, PythonContender, RContender, Timed, take_turns
from _weighting_data import BASE, Problem, local, national
from _weighting_peers import BOUNDS, PEERS, TOLERANCE
from _weighting_report import Comparison, as_json, details, goals, judge, who

COMPARISONS = (
    Comparison("rake-10k", "rake 10,000 x 6 margins", "rake", national, 10_000,
               goal=2, guide=10),
    Comparison("rake-75k", "rake 75,000 x 6 margins", "rake", national, 75_000,
               goal=10, guide=15),
    Comparison("rake-75k-text", "the same, text columns", "rake", national, 75_000, "str"),
    Comparison("rake-1m", "rake 1,000,000 x 6 margins", "rake", national, 1_000_000,
               goal=15, guide=120, growth=150),
    Comparison("rake-1m-text", "the same, text columns", "rake", national, 1_000_000, "str"),
    Comparison("local-75k", "342 municipalities apart, 75,000", "local", local, 75_000,
               goal=8, guide=60),
    Comparison("local-500k", "342 municipalities apart, 500,000", "local", local, 500_000,
               goal=10, guide=120),
    Comparison("logit-75k", "bounded logit 75,000", "logit", national, 75_000,
               goal=50, guide=60, against="R survey"),
    Comparison("linear-75k", "linear 75,000, for information", "linear", national, 75_000),
)  # fmt: skip

SMALLEST_ROWS = 2_000
R = "R survey"
R_TASKS = {"rake": ["raking", "rake"], "logit": ["logit"], "linear": ["linear"]}
R_ROWS = 200_000
"""With more respondents R needs many gigabytes."""

ON_NUMBERS = (R, "samplics")
"""They weight on numbered levels, so that text columns make no difference to them."""

MEMORY_FROM = 1_000_000
TOO_SLOW_FOR_MEMORY = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    chosen = _chosen(options)
    if not chosen:
        print(f"--only: choose from {', '.join(c.key for c in COMPARISONS)}.", file=sys.stderr)
        return 2
    print(f"{machine(options.threads)}; busy when starting: {busy()}")
    report: dict[str, Any] = {"machine": machine(options.threads), "comparisons": []}
    verdicts = []
    with tempfile.TemporaryDirectory() as folder, _contenders(options) as (ready, missing):
        report["versions"] = {contender.name: contender.versions for contender in ready}
        report["not_installed"] = missing
        print(who(ready, missing))
        for comparison in chosen:
            rows = _compare(comparison, ready, options, Path(folder))
            absent = [name for name in missing if _takes_part(name, comparison)]
            print(f"\n{comparison.key}: {comparison.rows:,} respondents, {comparison.columns}\n")
            print(details(comparison, rows, absent), flush=True)
            verdicts.append(judge(comparison, rows, absent))
            report["comparisons"].append(
                {
                    "key": comparison.key,
                    "rows": comparison.rows,
                    "form": comparison.form,
                    "verdict": verdicts[-1].as_json(),
                    "results": [as_json(row) for row in rows],
                }
            )
    print(f"\nGoals (busy when ending: {busy()})\n\n{goals(verdicts)}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(verdict.ours.facts["met"] for verdict in verdicts) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help="comparisons by (the start of) their name, comma between")
    parser.add_argument("--rows", type=int, help="all at this size; goals are not judged")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--no-peers", action="store_true", help="time ours alone")
    parser.add_argument("--no-memory", action="store_true", help="leave memory growth out")
    parser.add_argument("--peers-python", help="the interpreter that has the other tools")
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads, for all (default 1)")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    options = parser.parse_args(arguments)
    if options.rows is not None and options.rows < SMALLEST_ROWS:
        parser.error(f"--rows: at least {SMALLEST_ROWS:,}, or levels stay empty")
    if options.repeats < 1:
        parser.error("--repeats: at least 1")
    if options.peers_python:
        program = shutil.which(options.peers_python)
        if program is None:
            parser.error(f"--peers-python: {options.peers_python} is not a program")
        options.peers_python = str(Path(program).absolute())  # not resolved: it may be a venv's
    return options


def _chosen(options: argparse.Namespace) -> list[Comparison]:
    keys = options.only.split(",") if options.only else [""]
    chosen = [c for c in COMPARISONS if any(c.key.startswith(key) for key in keys)]
    if options.rows is None:
        return chosen
    # Those that differ in size alone are the same now, and goals are about their own size.
    kinds = {(c.task, c.form): c for c in reversed(chosen)}
    return [
        Comparison(c.task, f"{c.task}, {c.columns}", c.task, c.make, options.rows, c.form)
        for c in reversed(kinds.values())
    ]


@contextlib.contextmanager
def _contenders(options: argparse.Namespace) -> Iterator[tuple[list[Contender], dict[str, str]]]:
    """Those that can be run here, in processes that wait; and why the others cannot."""
    ready: list[Contender] = []
    missing: dict[str, str] = {}
    for name in ["ours"] if options.no_peers else [*PEERS, R]:
        try:
            ready.append(_start(name, options))
        except NotAvailableError as reason:
            if name == "ours":
                raise SystemExit(f"Ours cannot be run: {reason}") from reason
            missing[name] = str(reason)
    try:
        yield ready, missing
    finally:
        for contender in ready:
            contender.close()


def _start(name: str, options: argparse.Namespace) -> Contender:
    if name == R:
        return RContender("_weighting.R", R_TASKS, [TOLERANCE, *BOUNDS], threads=options.threads)
    python = sys.executable if name == "ours" else options.peers_python or sys.executable
    return PythonContender("_weighting_peers", name, python=python, threads=options.threads)


def _takes_part(name: str, comparison: Comparison) -> bool:
    if name in ON_NUMBERS and comparison.form == "str":
        return False
    if name == R:
        return comparison.task in R_TASKS and comparison.rows <= R_ROWS
    return comparison.task in PEERS[name].tasks


def _compare(
    comparison: Comparison,
    ready: list[Contender],
    options: argparse.Namespace,
    folder: Path,
) -> list[Timed]:
    problem = comparison.make(comparison.rows)
    path = _write(problem, folder / "problem.npz")
    warm_up = _write(comparison.make(SMALLEST_ROWS), folder / "warm_up.npz")
    rows = take_turns(
        [contender for contender in ready if _takes_part(contender.name, comparison)],
        comparison.task,
        path,
        warm_up,
        comparison.form,
        repeats=options.repeats,
        folder=folder,
    )
    if rows[0].error:
        raise SystemExit(f"{comparison.key}: ours failed: {rows[0].error}")
    own = _read(rows[0])
    for row in rows:
        if not row.result:
            continue
        weights = _read(row)
        if row.contender in PEERS and PEERS[row.contender].shares:
            weights = problem.to_population(weights)
        row.facts = _facts(problem, weights, own, bounded=comparison.task == "logit")
        if problem.n >= MEMORY_FROM and not options.no_memory and row.median < TOO_SLOW_FOR_MEMORY:
            row.growth = _growth(row, comparison, path, warm_up, options)
    return rows


def _write(problem: Problem, path: Path) -> Path:
    """As numbers, and for R as text with numbered levels."""
    problem.save(path)
    if problem.groups is None and problem.n <= R_ROWS:
        names = {f"m{i}": margin for i, margin in enumerate(problem.margins)}
        respondents = {name: problem.codes[margin] for name, margin in names.items()}
        pd.DataFrame({**respondents, BASE: problem.base}).to_csv(
            path.with_suffix(".respondents.csv"), index=False
        )
        targets = [
            (name, total) for name, margin in names.items() for total in problem.totals[margin]
        ]
        pd.DataFrame(targets, columns=["margin", "total"]).to_csv(
            path.with_suffix(".targets.csv"), index=False
        )
    return path


def _read(row: Timed) -> np.ndarray:
    assert row.result is not None
    stored = np.fromfile(row.result) if row.contender == R else np.load(f"{row.result}.npy")
    return np.asarray(stored, dtype=np.float64)


def _facts(problem: Problem, weights: np.ndarray, own: np.ndarray, bounded: bool) -> dict[str, Any]:
    """Whether the weights do what was asked, counted outside the tool that made them."""
    error = problem.margin_error(weights)
    g = weights / problem.base
    inside = not bounded or bool(BOUNDS[0] - 1e-9 <= g.min() and g.max() <= BOUNDS[1] + 1e-9)
    return {
        "margin_error": error,
        "inside_bounds": inside,
        "met": bool(error <= TOLERANCE) and inside,
        "difference": float(np.abs(weights - own).max() / own.mean()),
    }


def _growth(
    row: Timed, comparison: Comparison, problem: Path, warm_up: Path, options: argparse.Namespace
) -> float | None:
    """MB the process of one contender grows at most during one call, in a fresh process."""
    fresh = _start(row.contender, options)
    try:
        fresh.load(comparison.task, warm_up, comparison.form)
        fresh.run(row.how, None, False)
        fresh.load(comparison.task, problem, comparison.form)
        grown = fresh.run(row.how, None, True).get("growth_mb")
        return None if grown is None else float(grown)
    finally:
        fresh.close()


if __name__ == "__main__":
    sys.exit(main())

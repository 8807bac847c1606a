"""Contenders in processes of their own, timed in turn: A B C D A B C D ...

On a shared machine the absolute times wobble; ratios between contenders that took turns in the
same minutes do not, or much less. Medians and minima are kept, never a single time.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent
BUDGET = 20.0
"""Seconds a contender may use in one comparison; a slow one gets fewer turns."""

PATIENCE = 300.0
"""Seconds after which a contender that does not answer is stopped."""


class NotAvailableError(Exception):
    """A contender that cannot be used here, and why."""


class Contender(Protocol):
    """What is timed: `load` makes ready outside the clock, `run` is timed from inside."""

    name: str
    versions: dict[str, str]

    def load(self, task: str, problem: Path, form: str) -> list[str]: ...

    def run(self, how: str, result: Path | None, memory: bool) -> dict[str, Any]: ...

    def close(self) -> None: ...


class Process:
    """A child process that answers one line to every line it is sent."""

    def __init__(self, command: Sequence[str], threads: int) -> None:
        variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=HERE,
            env=os.environ | dict.fromkeys(variables, str(threads)),
        )

    def ask(self, line: str | None) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            if line is not None:
                self.process.stdin.write(line + "\n")
                self.process.stdin.flush()
            with selectors.DefaultSelector() as waiting:
                waiting.register(self.process.stdout, selectors.EVENT_READ)
                if not waiting.select(PATIENCE):
                    self.close()
                    return {"error": f"stopped after {PATIENCE:.0f} s without an answer"}
            answer = self.process.stdout.readline()
        except (BrokenPipeError, ValueError):
            answer = ""
        return json.loads(answer) if answer.strip() else {"error": self._last_words()}

    def _last_words(self) -> str:
        self.errors.seek(0)
        said = [line.strip() for line in self.errors.read().splitlines() if line.strip()]
        return said[-1] if said else "the process ended without a word"

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PythonContender:
    """A Python package, called as `module`.PEERS[name] says, by the interpreter given."""

    def __init__(self, module: str, name: str, *, python: str, threads: int) -> None:
        self.name = name
        command = [python, str(HERE / "_worker.py"), module, name]
        self.process = Process(command, threads)
        self.versions = _or_not_available(self._ask(do="start"), self)["versions"]

    def _ask(self, **command: Any) -> dict[str, Any]:
        return self.process.ask(json.dumps(command))

    def load(self, task: str, problem: Path, form: str) -> list[str]:
        answer = self._ask(do="load", task=task, problem=str(problem), form=form)
        return list(_or_not_available(answer)["how"])

    def run(self, how: str, result: Path | None = None, memory: bool = False) -> dict[str, Any]:
        return self._ask(do="run", how=how, result=result and str(result), memory=memory)

    def close(self) -> None:
        self.process.close()


class RContender:
    """R survey, when Rscript and the package are there; `tasks`: per task what R is asked."""

    name = "R survey"

    def __init__(self, script: str, tasks: dict[str, list[str]], numbers: Sequence[float],
                 *, threads: int) -> None:  # fmt: skip
        rscript = shutil.which("Rscript")
        if rscript is None:
            raise NotAvailableError("Rscript is not there")
        self.tasks, self.numbers = tasks, [str(number) for number in numbers]
        self.process = Process([rscript, "--vanilla", str(HERE / script)], threads)
        self.versions = _or_not_available(self.process.ask(None), self)

    def load(self, task: str, problem: Path, form: str) -> list[str]:
        """R reads the two text files that were written beside the problem."""
        files = [str(problem.with_suffix(end)) for end in (".respondents.csv", ".targets.csv")]
        _or_not_available(self.process.ask("\t".join(["load", *files])))
        return self.tasks[task]

    def run(self, how: str, result: Path | None = None, memory: bool = False) -> dict[str, Any]:
        words = ["run", how, *self.numbers]
        return self.process.ask("\t".join([*words, str(result)] if result else words))

    def close(self) -> None:
        self.process.close()


def _or_not_available(answer: dict[str, Any], started: Any = None) -> dict[str, Any]:
    if "error" in answer:
        if started is not None:
            started.close()
        raise NotAvailableError(answer["error"])
    return answer


@dataclass
class Timed:
    """What one way of calling one contender did: a row of a comparison.

    `seconds` of every turn; `growth`: MB the process grew at most during a call, measured in a
    fresh process; the rest is judged by the benchmark from the result in `result`.
    """

    contender: str
    how: str
    seconds: list[float] = field(default_factory=list)
    result: Path | None = None
    warning: str = ""
    error: str = ""
    growth: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def best(self) -> float:
        return min(self.seconds)


def take_turns(
    contenders: Sequence[Contender], task: str, problem: Path, warm_up: Path, form: str,
    *, repeats: int, folder: Path,
) -> list[Timed]:  # fmt: skip
    """Time every way of calling every contender, in turns, after one small call to warm up."""
    rows: list[tuple[Contender, Timed]] = []
    for contender in contenders:
        try:
            for how in contender.load(task, warm_up, form):
                contender.run(how, None, False)
            ways = contender.load(task, problem, form)
        except NotAvailableError as reason:
            rows.append((contender, Timed(contender.name, "", error=str(reason))))
            continue
        rows += [(contender, Timed(contender.name, how)) for how in ways]
    for turn in range(repeats):
        for i, (contender, row) in enumerate(rows):
            if row.error or (turn and sum(row.seconds) + row.best > BUDGET):
                continue
            result = None if turn else folder / f"{task}-{form}-{i}.result"
            answer = contender.run(row.how, result, False)
            if "error" in answer:
                row.error = answer["error"]
                continue
            row.seconds.append(answer["seconds"])
            row.warning = answer["warning"]
            row.result = row.result or result
    return [row for _, row in rows]

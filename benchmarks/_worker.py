"""A process that times one contender, by commands of one line of JSON on standard input.

Every contender lives in a process of its own, with imports done and warm, and measures itself
from inside; the benchmark only says whose turn it is. So none shares threads, memory or caches
with another, and a contender may live in another environment (`--peers-python`).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

SHORT = 0.5
"""Seconds; what takes less is called once more, untimed, before every timed call."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a contender prints must not come between the answers
    module, name = sys.argv[1:]
    contender = Contender(importlib.import_module(module), name)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(contender, command.pop("do"))(**command)
        except Exception as error:  # told to the benchmark, which prints it
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=answers, flush=True)


class Contender:
    """`module` has PEERS and, in Problem.load, the reader of the problems it is given."""

    def __init__(self, module: Any, name: str) -> None:
        self.module, self.name = module, name
        self.calls: dict[str, Any] = {}
        self.took: dict[str, float] = {}

    def start(self) -> dict[str, Any]:
        return {"versions": self.module.PEERS[self.name].versions()}

    def load(self, task: str, problem: str, form: str) -> dict[str, Any]:
        """Make a problem ready, outside the clock; answers the ways it can be called."""
        self.calls, self.took = {}, {}
        loaded = self.module.Problem.load(Path(problem))
        self.calls = self.module.PEERS[self.name].tasks[task](loaded, form)
        return {"how": list(self.calls)}

    def run(self, how: str, result: str | None = None, memory: bool = False) -> dict[str, Any]:
        """Time one call; `result`: where to write what it gave."""
        call = self.calls[how]
        if self.took.get(how, SHORT) < SHORT and not memory:
            call()  # it has slept while others had their turn
        gc.collect()
        before = _resident_after_trimming() if memory else 0.0
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            start = time.perf_counter()
            outcome = call()
            seconds = time.perf_counter() - start
        self.took[how] = seconds
        answer: dict[str, Any] = {"seconds": seconds}
        if memory:
            answer["growth_mb"] = _peak() - before
        told = [str(w.message) for w in warned if not issubclass(w.category, FutureWarning)]
        answer["warning"] = told[-1].splitlines()[0][:200] if told else ""
        if result:
            np.save(result, np.asarray(outcome, dtype=np.float64))
        return answer


def _resident_after_trimming() -> float:
    """MB in use now, free memory given back and the peak set back to it where Linux can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    now = _status("VmRSS")
    return _peak() if now is None else now


def _peak() -> float:
    """The largest resident size so far, in MB."""
    peak = _status("VmHWM")
    scale = 1 / 1e6 if sys.platform == "darwin" else 1 / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale if peak is None else peak


def _status(field: str) -> float | None:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return float(line.split()[1]) / 1024
    return None


if __name__ == "__main__":
    main()

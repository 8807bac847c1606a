"""Who is timed on the weighting problems, and how each is called.

Every function makes a problem ready for one tool, outside the clock, and returns what is timed:
`{how: call}`, where `call()` gives the weights (n,). The first one named is what a user does who
has the frame, with every conversion the tool wants inside the clock. `prepared` gets the data in
the form that suits the tool best, made before the clock starts, and skips what can be skipped.

Nothing is imported but by the one that is timed: each runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from _weighting_data import BASE, MUNICIPALITY, Problem

Calls = dict[str, Callable[[], Any]]
TOLERANCE = 1e-6
SWEEPS = 1000
BOUNDS = (0.2, 4.0)
UNBOUNDED = 1e9


@dataclass(frozen=True)
class Peer:
    """A tool: its distribution on PyPI, what it can do, and what its timed call includes.

    `shares`: it knows no population totals; its weights are scaled to them outside the clock.
    """

    distribution: str
    tasks: Mapping[str, Callable[[Problem, str], Calls]]
    includes: str
    shares: bool = False

    def versions(self) -> dict[str, str]:
        """Of the tool and of what it rests on; raises ImportError when it cannot be used."""
        import_module(
            "flows.weighting" if self.distribution == "themadossier" else self.distribution
        )
        found = {}
        for name in (self.distribution, "numpy", "pandas", "scipy", "pyarrow", "polars"):
            try:
                found[name] = version(name)
            except ImportError:
                continue
        return found


# -------------------------------------------------------------------------------------- ours


def ours(method: str, bounds: tuple[float, float] | None = None) -> Callable[..., Calls]:
    """The function; and a plan put to it with the summary of its page, as the product does."""

    def ready(problem: Problem, form: str) -> Calls:
        from flows.definitions.weighting_plan import Groups, Margin, WeightingPlan
        from flows.weighting import calibrate
        from flows.weighting.diagnostics import weighting_summary
        from flows.weighting.scheme import weigh

        frame, targets = problem.frame(form), problem.targets()
        apart = problem.groups is not None
        source = {"source": "benchmark", "reference_date": date(2026, 1, 1)}
        plan = WeightingPlan(
            method=method,
            bounds=bounds,
            tolerance=TOLERANCE,
            base_weight=BASE,
            groups=Groups(variable=MUNICIPALITY) if apart else None,
            margins=tuple(
                Margin(
                    variable=margin,
                    targets={} if apart else targets[margin],
                    targets_by={g: t[margin] for g, t in targets.items()} if apart else {},
                    **source,
                )
                for margin in problem.margins
            ),
        )
        people = float(problem.population().sum())

        def with_report() -> Any:
            weighting = weigh(frame, plan)
            weighting_summary(weighting, plan, frame)
            return weighting.weights * (people / problem.n)  # a plan's weights average 1

        def alone() -> Any:
            return calibrate(
                frame,
                targets,
                base_weight=BASE,
                method=method,
                bounds=bounds,
                tolerance=TOLERANCE,
                by=MUNICIPALITY if apart else None,
            ).weights

        return {"calibrate()": alone, "with the page": with_report}

    return ready


# --------------------------------------------------------------------------------------- svy


def svy_rake(problem: Problem, form: str) -> Calls:
    import polars as pl
    import svy

    frame, controls = problem.frame(form), problem.targets()
    numbers, number_controls = pl.DataFrame(problem.numbers()), problem.number_targets()

    def rake(data: Any, controls: Any) -> Any:
        sample = svy.Sample(data, svy.Design(wgt=BASE))
        raked = sample.weighting.rake(
            controls=controls, wgt_name="raked", tol=TOLERANCE, max_iter=SWEEPS
        )
        return raked.data["raked"].to_numpy()

    return {
        "from the frame": lambda: rake(pl.from_pandas(frame), controls),
        "prepared": lambda: rake(numbers, number_controls),
    }


def svy_rake_by(problem: Problem, form: str) -> Calls:
    import polars as pl
    import svy

    frame, controls = problem.frame(form), problem.targets()
    numbers, number_controls = pl.DataFrame(problem.numbers()), problem.number_targets()

    def rake(data: Any, controls: Any) -> Any:
        weights = np.empty(problem.n)
        parts = data.with_row_index("row").partition_by(MUNICIPALITY, as_dict=True)
        for (name,), part in parts.items():
            sample = svy.Sample(part, svy.Design(wgt=BASE))
            raked = sample.weighting.rake(
                controls=controls[name], wgt_name="raked", tol=TOLERANCE, max_iter=SWEEPS
            )
            weights[part["row"].to_numpy()] = raked.data["raked"].to_numpy()
        return weights

    return {
        "from the frame": lambda: rake(pl.from_pandas(frame), controls),
        "prepared": lambda: rake(numbers, number_controls),
    }


def svy_linear(problem: Problem, form: str) -> Calls:
    import polars as pl
    import svy

    frame = problem.frame(form)
    controls = {svy.Cat(margin): levels for margin, levels in problem.targets().items()}

    def calibrate(data: Any) -> Any:
        sample = svy.Sample(data, svy.Design(wgt=BASE))
        done = sample.weighting.calibrate(controls=controls, wgt_name="calibrated")
        return done.data["calibrated"].to_numpy()

    polars = pl.from_pandas(problem.frame("str"))
    return {
        "from the frame": lambda: calibrate(pl.from_pandas(frame)),
        "prepared": lambda: calibrate(polars),
    }


# -------------------------------------------------------------------------------- leafblower


def leafblower_rake(problem: Problem, form: str) -> Calls:
    frame, text = problem.frame(form), problem.frame("str")
    shares = _shares(problem.targets())
    return {
        "from the frame": lambda: _harvest(frame, shares, frame[BASE].to_numpy()),
        "prepared": lambda: _harvest(text, shares, problem.base, looser=10),
    }


def leafblower_rake_by(problem: Problem, form: str) -> Calls:
    frame, text = problem.frame(form), problem.frame("str")
    shares = {name: _shares(targets) for name, targets in problem.targets().items()}

    def loop(data: Any) -> Any:
        weights = np.empty(problem.n)
        for name, rows in _members(data):
            part = data.iloc[rows]
            weights[rows] = _harvest(part, shares[name], part[BASE].to_numpy())
        return weights

    return {"from the frame": lambda: loop(frame), "prepared": lambda: loop(text)}


def _harvest(
    frame: Any,
    shares: dict[str, dict[str, float]],
    base: Any,
    looser: float = 1,
) -> Any:
    """By the fastest of its methods.

    Its tolerance is a difference in shares, so the smallest share makes it a relative one.
    `looser`: times that, which may be too much.
    """
    import leafblower

    smallest = min(min(levels.values()) for levels in shares.values())
    return leafblower.harvest(
        frame,
        shares,
        start_weights=base,
        method="sinkhorn",
        max_weight=UNBOUNDED,
        max_iterations=SWEEPS,
        attach_weights=False,
        convergence={"absolute": TOLERANCE * smallest * looser},
    )["weights"]


# -------------------------------------------------------------------------------- weightpipe


def weightpipe_rake(problem: Problem, form: str) -> Calls:
    import pandas as pd
    from weightpipe import WeightPipe
    from weightpipe.methods.raking import rake

    frame, text = problem.frame(form), problem.frame("str")
    margins = problem.targets()
    base = pd.Series(problem.base)

    def from_the_frame() -> Any:
        pipe = WeightPipe(frame, weight=BASE).calibrate(
            method="raking", margins=margins, tol=TOLERANCE, max_iter=SWEEPS
        )
        return pipe.fit().weights.to_numpy()

    def prepared() -> Any:
        raked = rake(base, text, margins=margins, tol=TOLERANCE, max_iter=SWEEPS, diagnostics=False)
        return raked[0].to_numpy()

    return {"from the frame": from_the_frame, "prepared": prepared}


def weightpipe_rake_by(problem: Problem, form: str) -> Calls:
    from weightpipe.methods.raking import rake

    frame, margins = problem.frame(form), problem.targets()

    def loop() -> Any:
        weights = np.empty(problem.n)
        for name, rows in _members(frame):
            part = frame.iloc[rows]
            weights[rows], *_ = rake(
                part[BASE], part, margins=margins[name], tol=TOLERANCE, max_iter=SWEEPS,
                diagnostics=False,
            )  # fmt: skip
        return weights

    return {"from the frame": loop}


def weightpipe_formula(calfun: str, bounds: tuple[float, float] | None) -> Callable[..., Calls]:
    def ready(problem: Problem, form: str) -> Calls:
        from weightpipe import WeightPipe

        frame = problem.frame(form)
        totals = {"(Intercept)": float(problem.population())}
        for margin, levels in problem.targets().items():
            totals |= {f"{margin}{level}": total for level, total in levels.items()}

        def fit() -> Any:
            pipe = WeightPipe(frame, weight=BASE).calibrate(
                method="linear", formula=problem.margins, totals=totals, calfun=calfun,
                bounds=bounds, tol=TOLERANCE, max_iter=SWEEPS,
            )  # fmt: skip
            return pipe.fit().weights.to_numpy()

        return {"from the frame": fit}

    return ready


# --------------------------------------------------------------------------------- weightipy


def weightipy_rake(problem: Problem, form: str) -> Calls:
    import weightipy

    frame, ready = problem.frame(form), problem.frame("category")
    percentages = _shares(problem.targets(), 100)

    def rake(data: Any) -> Any:
        scheme = weightipy.scheme_from_dict(percentages, name="rake")
        return weightipy.weight_dataframe(data, scheme, "raked")["raked"].to_numpy()

    return {"from the frame": lambda: rake(frame), "prepared": lambda: rake(ready)}


def weightipy_rake_by(problem: Problem, form: str) -> Calls:
    import weightipy

    frame = problem.frame(form)
    percentages = {name: _shares(targets, 100) for name, targets in problem.targets().items()}

    def loop() -> Any:
        weights = np.empty(problem.n)
        for name, rows in _members(frame):
            scheme = weightipy.scheme_from_dict(percentages[name], name="rake")
            part = frame.iloc[rows][problem.margins]
            weights[rows] = weightipy.weight_dataframe(part, scheme, "raked")["raked"].to_numpy()
        return weights

    return {"from the frame": loop}


# ---------------------------------------------------------------------------------- samplics


def samplics_rake(problem: Problem, form: str) -> Calls:
    """Text takes it ten times as long as numbers, so levels become numbers first."""
    frame, control = problem.frame(form), problem.number_targets()
    return {
        "from the frame": lambda: _samplics(
            _numbered(frame, problem), control, frame[BASE].to_numpy()
        )
    }


def samplics_rake_by(problem: Problem, form: str) -> Calls:
    frame, control = problem.frame(form), problem.number_targets()

    def loop() -> Any:
        weights = np.empty(problem.n)
        columns, base = _numbered(frame, problem), frame[BASE].to_numpy()
        for i, (_, rows) in enumerate(_members(frame)):
            part = {margin: column[rows] for margin, column in columns.items()}
            weights[rows] = _samplics(part, control[i], base[rows])
        return weights

    return {"from the frame": loop}


def _numbered(frame: Any, problem: Problem) -> dict[str, Any]:
    import pandas as pd

    return {
        margin: pd.Categorical(frame[margin], problem.levels[margin]).codes
        for margin in problem.margins
    }


def _samplics(columns: dict[str, Any], control: dict[str, Any], base: Any) -> Any:
    from samplics.weighting import SampleWeight

    return SampleWeight().rake(
        samp_weight=base, margins=columns, control=control, tol=TOLERANCE, ctrl_tol=TOLERANCE,
        max_iter=SWEEPS,
    )  # fmt: skip


def _members(frame: Any) -> Any:
    """The rows of every municipality."""
    return frame.groupby(MUNICIPALITY, observed=True).indices.items()


def _shares(targets: dict[str, dict[str, float]], whole: float = 1) -> dict[str, dict[str, float]]:
    return {
        margin: {level: whole * total / sum(levels.values()) for level, total in levels.items()}
        for margin, levels in targets.items()
    }


PEERS = {
    "ours": Peer(
        "themadossier",
        {
            "rake": ours("raking"),
            "local": ours("raking"),
            "logit": ours("logit", BOUNDS),
            "linear": ours("linear"),
        },
        "weigh() with its checks and diagnostics, and the summary of the report",
    ),
    "svy": Peer(
        "svy",
        {"rake": svy_rake, "local": svy_rake_by, "linear": svy_linear},
        "pandas to polars; weights",
    ),
    "leafblower": Peer(
        "leafblower",
        {"rake": leafblower_rake, "local": leafblower_rake_by},
        "weights",
        shares=True,
    ),
    "weightpipe": Peer(
        "weightpipe",
        {
            "rake": weightpipe_rake,
            "local": weightpipe_rake_by,
            "logit": weightpipe_formula("logit", BOUNDS),
            "linear": weightpipe_formula("linear", None),
        },
        "weights, its table of margins",
    ),
    "weightipy": Peer(
        "weightipy",
        {"rake": weightipy_rake, "local": weightipy_rake_by},
        "weights; it has no base weights and no tolerance to set",
        shares=True,
    ),
    "samplics": Peer(
        "samplics",
        {"rake": samplics_rake, "local": samplics_rake_by},
        "columns to arrays; weights",
    ),
}

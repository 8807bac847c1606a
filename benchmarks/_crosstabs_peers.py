"""Who is timed on the cross-tabs, and how each is called.

Every function makes a problem ready for one tool, outside the clock, and returns what is timed:
`{how: call}`. A call gives something numpy makes an array of, outside the clock, for the
comparison with ours. `form`: how many questions this contender gets (`200`, or fewer for those
that would take hours; the benchmark scales their time by the rows and says so).

Nothing is imported but by the one that is timed: each runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from typing import Any

import numpy as np
from _crosstabs_data import LEVELS, MARGINS, OPTIONS, Problem

__all__ = ["PEERS", "Problem"]

Calls = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Peer:
    """A tool: the module that must be there, its distributions, and what it can do."""

    module: str
    distributions: tuple[str, ...]
    tasks: Mapping[str, Callable[[Problem, str], Calls]]
    includes: str

    def versions(self) -> dict[str, str]:
        """Of the tool and of what it rests on; raises ImportError when it cannot be used."""
        if self.module == "quantipy":
            _shim_of_quantipy()
        import_module(self.module)
        found = {}
        for name in (*self.distributions, "numpy", "pandas", "scipy", "polars"):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
        return found


# -------------------------------------------------------------------------------------- ours


class OurTables:
    """Tables as numbers (R, C, 4): weighted count, effective base, estimate, standard error.

    Of the columns without the total; only made into an array when the clock has stopped.
    """

    def __init__(self, tables: Any) -> None:
        self.tables = tables

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        parts = [
            np.stack(
                [
                    t.estimate * t.weighted_base,
                    np.broadcast_to(t.n_eff, t.estimate.shape),
                    t.estimate,
                    t.standard_error,
                ],
                axis=-1,
            )[:, :-1]
            for t in self.tables
        ]
        return np.concatenate(parts)


def ours_cube(problem: Problem, form: str) -> Calls:
    """All tests and errors after calibration; and the same without calibration."""
    from flows.definitions.dossier_plan import Publication

    problem = problem.part(int(form))
    frame, questionnaire, questions, profiles = _our_definitions(problem)
    margins = _our_margins(problem)
    publication = Publication(test="dimensions")

    def tabulate(margins: Any) -> OurTables:
        from flows.crosstabs.banner import banner_of
        from flows.crosstabs.crosstab import crosstab

        axes = [[name] for name in problem.columns]
        banner = banner_of(frame, questionnaire, axes, frame["profile"].to_numpy(), profiles)
        return OurTables(
            crosstab(
                frame,
                questionnaire,
                questions,
                banner,
                problem.weights,
                margins,
                publication=publication,
            )
        )

    return {
        "all tests, errors after calibration": lambda: tabulate(margins),
        "all tests, no calibration": lambda: tabulate(None),
    }


def ours_items(problem: Problem, form: str) -> Calls:
    """The five-point items by profile, with errors after calibration."""
    from flows.crosstabs.banner import profile_banner
    from flows.crosstabs.crosstab import crosstab

    frame, questionnaire, questions, profiles = _our_definitions(problem)
    questions = questions[: int(form)]
    margins = _our_margins(problem)
    codes = [profile.code for profile in profiles]

    def tabulate() -> OurTables:
        banner = profile_banner(frame["profile"].to_numpy(), codes, problem.n)
        return OurTables(
            crosstab(frame, questionnaire, questions, banner, problem.weights, margins)
        )

    return {"errors after calibration": tabulate}


def _our_margins(problem: Problem) -> Any:
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(problem.margins[:, i], [str(k) for k in range(levels)])
            for i, (name, levels) in enumerate(MARGINS.items())
        }
    )


def _our_definitions(problem: Problem) -> Any:
    import pandas as pd

    from flows.definitions.models import Text
    from flows.definitions.options import MISSING_CODES, Option
    from flows.definitions.profile_plan import Profile
    from flows.definitions.questionnaire import Questionnaire
    from flows.definitions.questions import Question

    def asked(code: str, kind: str, count: int) -> Question:
        options = tuple(Option(code=str(k), nl=str(k)) for k in range(1, count + 1))
        return Question.model_validate(
            {"code": code, "type": kind, "dimension": "attitude", "text": code, "options": options}
        )

    data: dict[str, Any] = {}
    questions: list[Question] = []
    for name, kind in (("five", "scale"), ("single", "single")):
        levels = [*(str(k) for k in range(1, LEVELS[name] + 1)), *MISSING_CODES]
        for i, codes in enumerate(getattr(problem, name).T):
            questions.append(asked(f"{name[0]}{i}", kind, LEVELS[name]))
            # Who gave no answer skipped the question.
            skipped = LEVELS[name] + MISSING_CODES.index(".skipped")
            data[questions[-1].code] = pd.Categorical.from_codes(
                np.where(codes < 0, skipped, codes), levels
            )
    for i, ticks in enumerate(problem.multiple.transpose(1, 2, 0)):
        questions.append(asked(f"m{i}", "multiple", OPTIONS))
        for k, tick in enumerate(ticks):
            data[f"m{i}_{k + 1}"] = pd.Categorical.from_codes(1 - tick, ["1", "0", *MISSING_CODES])
    background = []
    for i, (name, levels) in enumerate(problem.columns.items()):
        codes = [str(k) for k in range(1, levels + 1)]
        if name == "profile":
            data[name] = np.array([f"p{k}" for k in codes], dtype=object)[problem.banner[:, i]]
            continue
        background.append(asked(name, "single", levels))
        data[name] = pd.Categorical.from_codes(problem.banner[:, i], [*codes, *MISSING_CODES])
    profiles = [
        Profile(code=f"p{k}", nl=f"p{k}", alias=Text(nl="-"))
        for k in range(1, problem.columns["profile"] + 1)
    ]
    return (
        pd.DataFrame(data),
        Questionnaire(questions=(*questions, *background)),
        questions,
        profiles,
    )


# ---------------------------------------------------------------------- pandas and statsmodels


def pandas_cube(problem: Problem, form: str) -> Calls:
    """Tables by pandas.crosstab; all pairs of columns and each versus the rest by statsmodels."""
    import pandas as pd
    from scipy.stats import chi2_contingency
    from statsmodels.stats.proportion import proportions_ztest

    problem = problem.part(int(form))
    columns = {
        name: pd.Series(problem.banner[:, i], name=name) for i, name in enumerate(problem.columns)
    }
    answers = list(_single_answers(problem))
    weights = pd.Series(problem.weights)

    def tables() -> Iterator[Any]:
        for answer, levels, wanted in answers:
            series = pd.Series(answer).where(answer >= 0)
            parts = []
            for column in columns.values():
                weighted = pd.crosstab(series, column, values=weights, aggfunc="sum").fillna(0.0)
                people = pd.crosstab(series, column)
                squares = pd.crosstab(series, column, values=weights**2, aggfunc="sum").sum()
                base = weighted.sum()
                share, effective = weighted / base, base**2 / squares
                total = weighted.sum(axis=1) / base.sum()
                chi2_contingency(people.to_numpy())
                rows = list(range(levels)) if wanted is None else [wanted]
                share, effective = share.loc[rows].to_numpy(), effective.to_numpy()
                z = np.array(
                    [
                        [
                            proportions_ztest(
                                [row[a] * effective[a], row[b] * effective[b]],
                                [effective[a], effective[b]],
                            )[0]
                            for a, b in combinations(range(len(row)), 2)
                        ]
                        for row in share
                    ]
                )
                for r, row in zip(rows, share, strict=True):
                    for c, p in enumerate(row):
                        other = effective.sum() - effective[c]
                        proportions_ztest([p * effective[c], total[r] * other],
                                          [effective[c], other])  # fmt: skip
                parts.append((weighted.loc[rows].to_numpy(), z))
            yield parts

    def run() -> Any:
        made = list(tables())
        counts = np.concatenate([np.hstack([c for c, _ in parts]) for parts in made])
        z = np.concatenate([np.hstack([z for _, z in parts]) for parts in made])
        return np.hstack([counts, z])

    return {"tables and z tests": run}


def _single_answers(problem: Problem) -> Iterator[tuple[Any, int, int | None]]:
    """Every question as answers from 0, its levels and the one row wanted (None: all)."""
    for name in ("five", "single"):
        for codes in getattr(problem, name).T:
            yield codes, LEVELS[name], None
    for ticks in problem.multiple.transpose(1, 2, 0):
        for tick in ticks:
            yield tick, 2, 1


# --------------------------------------------------------------------------------- quantipy3


def _shim_of_quantipy() -> None:
    """What quantipy3 0.2.15 imports from scipy and is no longer there: a two-sided p-value."""
    import scipy.stats.stats as stats
    from scipy.special import stdtr

    stats._ttest_finish = lambda df, t: (t, 2 * stdtr(df, -np.abs(t)))


def quantipy_cube(problem: Problem, form: str) -> Calls:
    """Counts, percentages, bases and the `Dimensions` test in a quantipy3 stack."""
    import pandas as pd
    import quantipy

    problem = problem.part(int(form))
    data: dict[str, Any] = {"w": problem.weights, "@1": 1.0}
    columns: dict[str, Any] = {"w": _column_of_quantipy("w", "float", 0)}
    answers = [
        (f"q{i}", codes, levels, wanted)
        for i, (codes, levels, wanted) in enumerate(_single_answers(problem))
    ]
    for name, codes, levels, _ in answers:
        data[name] = np.where(codes < 0, np.nan, codes + 1.0)
        columns[name] = _column_of_quantipy(name, "single", levels)
    for i, (name, levels) in enumerate(problem.columns.items()):
        data[name] = problem.banner[:, i] + 1
        columns[name] = _column_of_quantipy(name, "single", levels)
    items = [f"columns@{name}" for name in columns]
    meta = {
        "info": {},
        "lib": {"default text": "en-GB", "values": {}},
        "columns": columns,
        "masks": {},
        "sets": {"data file": {"text": {"en-GB": ""}, "items": items}},
        "type": "pandas.DataFrame",
    }
    frame = pd.DataFrame(data)

    def run() -> Any:
        stack = quantipy.Stack(name="s", add_data={"d": {"meta": meta, "data": frame.copy()}})
        names, banner = [name for name, *_ in answers], list(problem.columns)
        views = quantipy.QuantipyViews(["cbase", "counts", "c%"])
        stack.add_link(data_keys=["d"], x=names, y=banner, views=views, weights=["w"])
        counts = []
        for name, _, levels, wanted in answers:
            parts = []
            for axis in banner:
                link = stack["d"]["no_filter"][name][axis]
                test = quantipy.Test(link, "x|f|:||w|counts")
                test.set_params(level=0.05, mimic="Dim")
                test.run()
                found = link["x|f|:||w|counts"].dataframe.to_numpy(float)
                parts.append(found[list(range(levels)) if wanted is None else [wanted]])
            counts.append(np.hstack(parts))
        return np.concatenate(counts)

    return {"counts, shares and letters": run}


def _column_of_quantipy(name: str, kind: str, levels: int) -> dict[str, Any]:
    values = [{"value": k, "text": {"en-GB": str(k)}} for k in range(1, levels + 1)]
    found = {"name": name, "type": kind, "text": {"en-GB": name}, "parent": {}}
    return found | ({"values": values} if levels else {})


# --------------------------------------------------------------------------------------- svy


def svy_cube(problem: Problem, form: str) -> Calls:
    """Every question by every axis: estimates with Taylor errors and the Rao-Scott test."""
    import polars as pl
    import svy

    problem = problem.part(int(form))
    answers = [
        (f"q{i}", codes, levels, wanted)
        for i, (codes, levels, wanted) in enumerate(_single_answers(problem))
    ]
    data: dict[str, Any] = {"w": problem.weights}
    data |= {name: [None if c < 0 else f"{c:02d}" for c in codes] for name, codes, *_ in answers}
    data |= {
        name: [f"{c:02d}" for c in problem.banner[:, i]] for i, name in enumerate(problem.columns)
    }
    frame = pl.DataFrame(data)

    def run() -> Any:
        sample = svy.Sample(frame, svy.Design(wgt="w"))
        counts = []
        for name, codes, levels, wanted in answers:
            size = float(problem.weights[codes >= 0].sum())
            parts = []
            for axis, width in problem.columns.items():
                table = sample.categorical.tabulate(name, axis, drop_nulls=True)
                found = np.zeros((levels, width))
                for row, column, share in table.to_polars().select(name, axis, "est").iter_rows():
                    found[int(row), int(column)] = share * size
                parts.append(found if wanted is None else found[[wanted]])
            counts.append(np.hstack(parts))
        return np.concatenate(counts)

    return {"tables with errors and Rao-Scott": run}


def svy_items(problem: Problem, form: str) -> Calls:
    """The five-point items by profile after calibration, which itself is outside the clock."""
    import polars as pl
    import svy

    items = [f"q{i}" for i in range(int(form))]
    data: dict[str, Any] = {"base": np.ones(problem.n)}
    for name, codes in zip(items, problem.five.T, strict=False):
        data[name] = [None if c < 0 else f"{c:02d}" for c in codes]
    data["profile"] = [f"{c:02d}" for c in problem.banner[:, 0]]
    controls = {}
    for i, (name, levels) in enumerate(MARGINS.items()):
        data[name] = [f"{c:02d}" for c in problem.margins[:, i]]
        sizes = np.bincount(problem.margins[:, i], problem.weights, levels)
        controls[svy.Cat(name)] = {f"{k:02d}": float(size) for k, size in enumerate(sizes)}
    sample = svy.Sample(pl.DataFrame(data), svy.Design(wgt="base"))
    sample = sample.weighting.calibrate(controls=controls, wgt_name="calibrated")

    def run() -> Any:
        parts = []
        for name in items:
            found = sample.estimation.prop(name, by="profile", drop_nulls=True)
            lines = found.to_polars().sort(name, "profile")
            shape = (LEVELS["five"], problem.columns["profile"])
            parts.append(np.stack([lines[x].to_numpy().reshape(shape) for x in ("est", "se")], -1))
        return np.concatenate(parts)

    return {"shares with errors after calibration": run}


PEERS: dict[str, Peer] = {
    "themadossier": Peer(
        "flows.crosstabs.crosstab",
        ("themadossier",),
        {"cube": ours_cube, "items": ours_items},
        "counts, shares, means' errors, intervals, versus rest, all pairs, Rao-Scott F",
    ),
    "pandas + statsmodels": Peer(
        "statsmodels.stats.proportion",
        ("statsmodels",),
        {"cube": pandas_cube},
        "counts, bases, z of all pairs and versus rest, chi-square; no errors",
    ),
    "quantipy3": Peer(
        "quantipy",
        ("quantipy3",),
        {"cube": quantipy_cube},
        "counts, shares, bases, letters (Dimensions)",
    ),
    "svy": Peer(
        "svy",
        ("svy",),
        {"cube": svy_cube, "items": svy_items},
        "shares with Taylor errors, Rao-Scott; no pairs",
    ),
}

"""The SPSS syntax and the pandas line that make a number again from the analysis file.

Both say the same: who counts (conditions on variables of the file), what is averaged over
them with the weight and, for the effect of an experiment's arm, with whom they are compared.
Neither uses anything of how the tables are made, so they check them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from textwrap import wrap

from flows.ingest.analysis_variables import WEIGHT

_LINE = 96
_DIGITS = "F24.16"


@dataclass(frozen=True)
class Has:
    """At least one of `variables` has one of `values` or lies in `between`, ends included.

    `absent`: or is empty in the file. `not_`: the opposite of all that.
    """

    variables: tuple[str, ...]
    values: tuple[float, ...] = ()
    between: tuple[float | None, float | None] | None = None
    absent: bool = False
    not_: bool = False

    def negated(self) -> Has:
        return replace(self, not_=not self.not_)


Clause = tuple[Has, ...]
"""Conditions of which one must hold."""


@dataclass(frozen=True)
class Averaged:
    """A number per person: 1 or 0 (`hit`), that less another (`minus`), or a `variable`.

    `scores`: what each value of `variable` counts for, where it is not the value itself.
    `ranked`: of a ranking, who has a rank at which option; without one at this `variable` a
    person counts for the middle of the places left.
    """

    hit: Clause = ()
    minus: Clause = ()
    variable: str = ""
    scores: tuple[tuple[float, float], ...] = ()
    ranked: Has | None = None


@dataclass(frozen=True)
class Recipe:
    """How a number is made of the people who meet every clause of `people`.

    `statistic`: the weighted `mean`, `median` or `sd` (with n / (n - 1)) of `averaged`.
    `less`: clauses of the people whose mean is taken from it.
    """

    people: tuple[Clause, ...]
    averaged: Averaged
    statistic: str = "mean"
    less: tuple[Clause, ...] | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the file that it uses, but for the weight."""
        clauses = (*self.people, *(self.less or ()), self.averaged.hit, self.averaged.minus)
        named = [name for clause in clauses for has in clause for name in has.variables]
        if self.averaged.variable:
            named.append(self.averaged.variable)
        if self.averaged.ranked is not None:
            named += self.averaged.ranked.variables
        return tuple(dict.fromkeys(named))


# ------------------------------------------------------------------------------- pandas


def reading_line(name: str) -> str:
    """The line that reads an analysis file into `df`, its missing values as they stand."""
    if name.lower().endswith(".sav"):
        return f"df, _ = pyreadstat.read_sav({name!r}, user_missing=True)"
    return f"df = pd.read_csv({name!r})"


def pandas_line(recipe: Recipe) -> str:
    """One expression that gives the number from `df`; it needs `numpy as np`."""
    made = _pandas_of(recipe, recipe.people)
    return made if recipe.less is None else f"{made} - {_pandas_of(recipe, recipe.less)}"


def _pandas_of(recipe: Recipe, people: tuple[Clause, ...]) -> str:
    d = f"df[{' & '.join(_pandas_clause('df', clause) for clause in people)}]"
    y = _pandas_number(recipe.averaged)
    w = f'd["{WEIGHT}"]'
    if recipe.statistic == "mean":
        return f"{d}.pipe(lambda d: np.average({y}, weights={w}))"
    d = f"{d}.assign(y=lambda d: {y})"
    if recipe.statistic == "median":
        enough = f"{w}.cumsum() >= (0.5 - 1e-12) * {w}.sum()"
        return f'{d}.sort_values("y").pipe(lambda d: d["y"][{enough}].iloc[0])'
    mean = f'np.average(d["y"], weights={w})'
    spread = f'np.average((d["y"] - {mean}) ** 2, weights={w})'
    return f"{d}.pipe(lambda d: np.sqrt({spread} * len(d) / (len(d) - 1)))"


def _pandas_number(averaged: Averaged) -> str:
    if averaged.ranked is not None:
        own, every = replace(averaged.ranked, variables=(averaged.variable,)), averaged.ranked
        ranks = f"[{', '.join(map(_n, every.values))}]"
        many = f"d[{_strings(every.variables)}].isin({ranks}).sum(axis=1)"
        left = f"({many} + {len(every.variables) + 1}) / 2"
        return f'd["{averaged.variable}"].where({_pandas_has("d", own)}, {left})'
    if averaged.variable and averaged.scores:
        scores = ", ".join(f"{_n(value)}: {_n(score)}" for value, score in averaged.scores)
        return f'd["{averaged.variable}"].map({{{scores}}})'
    if averaged.variable:
        return f'd["{averaged.variable}"]'
    hit = _pandas_clause("d", averaged.hit)
    if not averaged.minus:
        return hit
    return f"1.0 * {hit} - 1.0 * {_pandas_clause('d', averaged.minus)}"


def _pandas_clause(frame: str, clause: Clause) -> str:
    parts = [_pandas_has(frame, has) for has in clause]
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"


def _pandas_has(frame: str, has: Has) -> str:
    one = len(has.variables) == 1
    named = has.variables[0] if one else list(has.variables)
    column = f'{frame}["{named}"]' if one else f"{frame}[{_strings(has.variables)}]"
    parts = []
    if has.values:
        parts.append(f"{column}.isin([{', '.join(map(_n, has.values))}])")
    if has.between is not None:
        low, high = has.between
        if low is not None and high is not None:
            parts.append(f"{column}.between({_n(low)}, {_n(high)})")
        elif low is not None:
            parts.append(f"{column}.ge({_n(low)})")
        elif high is not None:
            parts.append(f"{column}.le({_n(high)})")
    if has.absent:
        parts.append(f"{column}.isna()")
    joined = parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"
    joined = joined if one else f"{joined}.any(axis=1)"
    return f"~{joined}" if has.not_ else joined


def _strings(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


# --------------------------------------------------------------------------------- SPSS


def spss_syntax(recipe: Recipe, name: str) -> str:
    """The syntax that lists the number as `estimate`, with all its digits, from a .sav file.

    COUNT tells who has one of some values, since unlike a comparison it is never missing
    itself; so the values that are no answer are first declared to be ordinary ones. Variables
    that it makes begin with `td_`.
    """
    counts: dict[Has, str] = {}
    people = _spss_clauses(recipe.people, counts)
    less = None if recipe.less is None else _spss_clauses(recipe.less, counts)
    number = _spss_number(recipe.averaged, counts)
    lines = ["GET FILE='" + name.replace("'", "''") + "'.", "WEIGHT OFF."]
    lines.append(f"MISSING VALUES {' '.join(recipe.variables)} ().")
    lines += [_spss_count(has, counter) for has, counter in counts.items()]
    if less is None:
        lines += [f"SELECT IF ({people}).", *number, "COMPUTE td_all = 1."]
        lines += _SPSS_ENDS[recipe.statistic]
    else:
        lines += [f"COMPUTE td_all = ({people}) - ({less}).", "SELECT IF (td_all <> 0)."]
        lines += [*number, *_SPSS_DIFFERENCE]
    lines += [f"FORMATS estimate ({_DIGITS}).", "LIST VARIABLES=estimate."]
    # A line that goes on is indented, or it would be taken for a new command.
    return "\n".join("\n  ".join(wrap(line, _LINE, break_long_words=False)) for line in lines)


_SPSS_MEAN = [
    f"COMPUTE td_wy = {WEIGHT} * td_y.",
    f"AGGREGATE OUTFILE=* /BREAK=td_all /td_sum=SUM(td_wy) /td_weight=SUM({WEIGHT}).",
]
_SPSS_DIFFERENCE = [
    *_SPSS_MEAN,
    "COMPUTE td_part = td_all * td_sum / td_weight.",
    "COMPUTE td_one = 1.",
    "AGGREGATE OUTFILE=* /BREAK=td_one /estimate=SUM(td_part).",
]
_SPSS_ENDS = {
    "mean": [*_SPSS_MEAN, "COMPUTE estimate = td_sum / td_weight."],
    "sd": [
        f"COMPUTE td_wy = {WEIGHT} * td_y.",
        f"AGGREGATE OUTFILE=* MODE=ADDVARIABLES /BREAK=td_all /td_sum=SUM(td_wy) "
        f"/td_weight=SUM({WEIGHT}) /td_n=N.",
        f"COMPUTE td_square = {WEIGHT} * (td_y - td_sum / td_weight) ** 2.",
        "AGGREGATE OUTFILE=* /BREAK=td_all /td_squares=SUM(td_square) "
        "/td_weight=MAX(td_weight) /td_n=MAX(td_n).",
        "COMPUTE estimate = SQRT(td_squares / td_weight * td_n / (td_n - 1)).",
    ],
    "median": [
        f"AGGREGATE OUTFILE=* MODE=ADDVARIABLES /BREAK=td_all /td_weight=SUM({WEIGHT}).",
        "SORT CASES BY td_y.",
        f"COMPUTE td_below = {WEIGHT}.",
        f"IF ($CASENUM > 1) td_below = LAG(td_below) + {WEIGHT}.",
        "EXECUTE.",  # what is selected next would not be there for LAG
        "SELECT IF (td_below >= (0.5 - 1E-12) * td_weight).",
        "AGGREGATE OUTFILE=* /BREAK=td_all /estimate=MIN(td_y).",
    ],
}


def _spss_clauses(clauses: tuple[Clause, ...], counts: dict[Has, str]) -> str:
    parts = [_spss_clause(clause, counts) for clause in clauses]
    return " AND ".join(f"({p})" if " OR " in p else p for p in parts)


def _spss_clause(clause: Clause, counts: dict[Has, str]) -> str:
    parts = []
    for has in clause:
        plain = replace(has, not_=False)
        counter = counts.setdefault(plain, f"td_{len(counts) + 1}")
        parts.append(f"{counter} = 0" if has.not_ else f"{counter} > 0")
    return " OR ".join(parts)


def _spss_count(has: Has, counter: str) -> str:
    values = [_n(value) for value in has.values]
    if has.between is not None:
        low, high = has.between
        start = "LOWEST" if low is None else _n(low)
        values.append(f"{start} THRU {'HIGHEST' if high is None else _n(high)}")
    if has.absent:
        values.append("SYSMIS")
    return f"COUNT {counter} = {' '.join(has.variables)} ({', '.join(values)})."


def _spss_number(averaged: Averaged, counts: dict[Has, str]) -> list[str]:
    if averaged.ranked is not None:
        own = replace(averaged.ranked, variables=(averaged.variable,))
        has = _spss_clause((own,), counts)
        _spss_clause((averaged.ranked,), counts)
        many = counts[averaged.ranked]
        return [
            f"COMPUTE td_y = ({many} + {len(averaged.ranked.variables) + 1}) / 2.",
            f"IF ({has}) td_y = {averaged.variable}.",
        ]
    if averaged.variable and averaged.scores:
        scores = " ".join(f"({_n(value)}={_n(score)})" for value, score in averaged.scores)
        return [f"RECODE {averaged.variable} {scores} INTO td_y."]
    if averaged.variable:
        return [f"COMPUTE td_y = {averaged.variable}."]
    hit = f"({_spss_clause(averaged.hit, counts)})"
    minus = f" - ({_spss_clause(averaged.minus, counts)})" if averaged.minus else ""
    return [f"COMPUTE td_y = {hit}{minus}."]


def _n(number: float) -> str:
    """A number as both languages read it, whole ones without a point."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))

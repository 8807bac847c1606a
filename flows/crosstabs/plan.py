"""What a fieldwork of a given size will be able to tell, from a wave that was done before.

Everything scales with the number of respondents: numbers of people and effective numbers with
it, standard errors with one over its root. The design effects of the weighting, who skips or is
not asked a question, and how unequally profiles answer are those of the earlier wave.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import binom, norm

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tables import TOTAL, Floats
from flows.definitions.dossier_plan import PROFILE, Publication

POWER = 0.80
"""The chance with which a difference of the size named is found."""

SURE = 0.95
"""How sure `enough` is that a profile will not be hidden."""

_SHARES = ("share", "net")
_MOST = 10_000_000


@dataclass(frozen=True)
class ProfilePlan:
    """What is expected of one profile (or of everybody, `total`).

    `n`, `n_low`, `n_high`: respondents, with the range that holds 95 of 100 fieldworks. `n_eff`:
    Kish's effective number. `margin`: half the 95% interval of a share of a half, 0-1, with the
    gain of calibration that an average question had. `difference`, `difference_corrected`: the
    smallest difference with all others that a test finds with a chance of `POWER`, alone, and
    when it must hold among all tests of an average table (the hardest case of
    Benjamini-Hochberg, which is Bonferroni's); NaN for the total. `tables`: expected share of
    the tables in which the column is shown. `firm`: in which it is not marked indicative.
    """

    profile: str
    n: float
    n_low: int
    n_high: int
    n_eff: float
    margin: float
    difference: float
    difference_corrected: float
    tables: float
    firm: float


@dataclass(frozen=True)
class FieldPlan:
    """What a fieldwork of `respondents` people can tell.

    `like`: number of people of the earlier wave. `whole_tables`: expected share of tables in
    which no profile is hidden for its number. `cells`: expected share of cells that a rule of
    size hides, before complements. `enough`: the smallest number of respondents with which every
    profile is shown in every table, as good as surely (`SURE`); None when no number will do.
    """

    respondents: int
    like: int
    profiles: tuple[ProfilePlan, ...]
    tables: int
    whole_tables: float
    cells: float
    enough: int | None


def plan_fieldwork(
    cells: pd.DataFrame, like: int, respondents: int, publication: Publication
) -> FieldPlan:
    """Expectations for a fieldwork of `respondents` kept people.

    cells: the stored cells (`cells_frame`) of an earlier wave of `like` people, of any number of
    themes. Its numbers per profile are themselves a sample, which the ranges take into account.

    Raises CrosstabError when a number is below 1 or there are no cells.
    """
    if respondents < 1:
        raise CrosstabError(f"{respondents} respondents cannot be planned; name at least 1.")
    if like < 1 or cells.empty:
        raise CrosstabError("There are no tables of an earlier wave to plan by; process one first.")
    earlier = _Earlier(cells, like)
    whole = float(earlier.shown(respondents, publication.minimum_base).prod(axis=1).mean())
    return FieldPlan(
        respondents=respondents,
        like=like,
        profiles=tuple(earlier.expected(respondents, publication)),
        tables=len(earlier.n),
        whole_tables=whole,
        cells=earlier.hidden_cells(respondents, publication),
        enough=earlier.enough(publication.minimum_base),
    )


class _Earlier:
    """The earlier wave: bases per table (T) and column, and errors per cell."""

    def __init__(self, cells: pd.DataFrame, like: int) -> None:
        own = {code for code in cells["column"].unique() if axis_of_column(code) in ("", PROFILE)}
        by_profile = cells.loc[cells["column"].isin(own - {TOTAL}), "table"].unique()
        # Tables by something else than the profiles say nothing about them.
        self.cells = cells.loc[cells["column"].isin(own) & cells["table"].isin(by_profile)]
        self.like = like
        first = self.cells.drop_duplicates(["table", "column"])
        columns = list(dict.fromkeys(first["column"]))
        self.profiles = [column for column in columns if column != TOTAL]
        wide = first.pivot(index="table", columns="column", values=["n", "n_eff", "asked"])
        self.n = wide["n"][columns]
        self.n_eff = wide["n_eff"][columns]
        self.asked = wide["asked"][columns]

    @cached_property
    def people(self) -> dict[str, float]:
        """People per column: the most that any question asked."""
        return {str(column): float(self.asked[column].max()) for column in self.asked.columns}

    def expected(self, respondents: int, publication: Publication) -> Iterator[ProfilePlan]:
        times = respondents / self.like
        ratio = self.n_eff / self.n.where(self.n > 0)
        efficiency = {str(column): float(ratio[column].median()) for column in ratio.columns}
        columns = list(self.n.columns)
        shown = self.shown(respondents, publication.minimum_base, columns)
        firm = self.firm(respondents, publication, columns)
        shares = self.cells.loc[self.cells["statistic"].isin(_SHARES)]
        tested = self.cells.loc[self.cells["p_value"].notna()]
        tests = tested.groupby("table").size()
        alone = ndtri(1 - publication.alpha / 2)
        many = ndtri(1 - publication.alpha / 2 / (float(tests.median()) if len(tests) else 1.0))
        for column in self.n.columns:
            own = shares.loc[shares["column"] == column]
            n = self.people[column] * times
            low, high = self._range(column, respondents)
            error = _error_of_a_half(own, "standard_error") / math.sqrt(times)
            beside = _error_of_a_half(own, "difference_error") / math.sqrt(times)
            total = column == TOTAL
            reach = ndtri(POWER)
            yield ProfilePlan(
                profile=column,
                n=n,
                n_low=low,
                n_high=high,
                n_eff=n * efficiency[column],
                margin=float(alone * error),
                difference=math.nan if total else float((alone + reach) * beside),
                difference_corrected=math.nan if total else float((many + reach) * beside),
                tables=float(shown[column].mean()),
                firm=float(firm[column].mean()),
            )

    def shown(
        self, respondents: int, minimum: float, columns: list[str] | None = None
    ) -> pd.DataFrame:
        """Chance (T, columns; default the profiles) that a column has `minimum` answers."""
        columns = columns or self.profiles
        bases = self.n[columns].to_numpy(dtype=np.float64)
        chance = self._at_least(bases, minimum, respondents)
        return pd.DataFrame(chance, index=self.n.index, columns=columns)

    def firm(self, respondents: int, publication: Publication, columns: list[str]) -> pd.DataFrame:
        """Chance (T, columns) that a column is shown without being indicative."""
        bases = self.n[columns].to_numpy(dtype=np.float64)
        effective = self.n_eff[columns].to_numpy(dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = publication.minimum_effective * bases / effective
        minimum = np.fmax(needed, publication.indicative_base)
        chance = self._at_least(bases, minimum, respondents)
        return pd.DataFrame(chance, index=self.n.index, columns=columns)

    def hidden_cells(self, respondents: int, publication: Publication) -> float:
        """Expected share of the profiles' cells with too few people, or an answer of too few.

        The number of people behind an answer is binomial in its base.
        """
        own = self.cells.loc[self.cells["column"] != TOTAL]
        base = own["n"].to_numpy(dtype=np.float64)
        few = 1 - self._at_least(base, publication.minimum_base, respondents)
        n = np.rint(base * respondents / self.like)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(base > 0, own["count"].to_numpy(dtype=np.float64) / base, 0.0)
        some = binom.cdf(publication.small_count, n, share) - binom.cdf(0, n, share)
        is_share = own["statistic"].isin(_SHARES).to_numpy()
        small = np.where(is_share & (n < publication.small_base), some, 0.0)
        return float((few + (1 - few) * small).mean())

    def enough(self, minimum: int) -> int | None:
        """The smallest number of respondents with which no column of any table is hidden."""
        bases = self.n[self.profiles].to_numpy(dtype=np.float64)
        if not bases.size or (bases == 0).any():
            return None

        def sure(respondents: int) -> bool:
            return bool(self._at_least(bases.min(), minimum, respondents) >= SURE)

        low, high = 0, minimum
        while not sure(high):
            low, high = high, high * 2
            if high > _MOST:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if sure(middle) else (middle, high)
        return high

    def _at_least(self, bases: Floats | float, minimum: Floats | float, respondents: int) -> Floats:
        """Chance that a group of `bases` people among `like` has `minimum` among `respondents`.

        Binomial, with the error of the share in the earlier wave added to its variance.
        """
        share = np.asarray(bases, dtype=np.float64) / self.like
        mean = share * respondents
        variance = mean * (1 - share) * (1 + respondents / self.like)
        spread = np.sqrt(np.maximum(variance, 1e-12))
        chance: Floats = norm.sf(np.asarray(minimum) - 0.5, loc=mean, scale=spread)
        return np.where(share > 0, chance, 0.0)

    def _range(self, column: str, respondents: int) -> tuple[int, int]:
        share = self.people[column] / self.like
        mean = share * respondents
        reach = float(ndtri(0.975)) * math.sqrt(
            max(mean * (1 - share) * (1 + respondents / self.like), 0.0)
        )
        return max(round(mean - reach), 0), min(round(mean + reach), respondents)


def _error_of_a_half(cells: pd.DataFrame, column: str) -> float:
    """The standard error that a share of a half would have had in an average row.

    The median over rows of error / sqrt(p (1 - p)): design effect and gain of calibration are
    those of the rows, taken to the share where the error is largest.
    """
    p = cells["estimate"].to_numpy(dtype=np.float64)
    enough = (p > 0.1) & (p < 0.9)
    if not enough.any():
        return math.nan
    ratio = cells[column].to_numpy(dtype=np.float64)[enough] / np.sqrt(p * (1 - p))[enough]
    return 0.5 * float(np.nanmedian(ratio)) if np.isfinite(ratio).any() else math.nan

"""How much finest areas differ in a variable that is published for coarser areas only.

Areas differ the more the finer they are: streets within a wijk differ more from each other than
wijken within a municipality. To take streets to differ in education as wijken do would make their
intervals too narrow. What finer areas add can be seen in the variables that are published at both
levels (age, say), and the other variables are taken to have as much added.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.ingest.area_base import AreaBase, BaseMargin
from flows.statistics.area_fitting import dispersion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def added_spread(base: AreaBase, level: str, above: str | None) -> float:
    """By how much finest areas differ more within areas of `level` than these do in `above`.

    The difference of two intra-area correlations (`area_fitting.dispersion`), of the variable
    in which it is largest among those that are published at the finest level (`above` None: the
    whole of the base). The largest, since variables such as gender hardly differ at any level.
    0 where there is no such variable, and never less.
    """
    n = base.areas["residents"].to_numpy(dtype=np.float64)
    rows, people = _one_each(base, level, n)
    most = 0.0
    for margin in base.margins.values():
        known = np.asarray(np.isfinite(margin.counts).all(axis=1))
        own = np.where(known[:, None], margin.counts, np.nan)
        if np.isnan(own).all():
            continue
        here, wider = (_shares(base, margin, own, area) for area in (level, above))
        fine = dispersion(_normal(own), here, n, margin.rounding)
        most = max(most, fine - dispersion(here[rows], wider[rows], people))
    return most


def _shares(base: AreaBase, margin: BaseMargin, own: Floats, level: str | None) -> Floats:
    """Shares (A, L) of the area of `level` that every finest area lies in; NaN: unknown.

    As published; else of its finest areas (`own` (A, L)) together.
    """
    frame: pd.DataFrame | None = dict(margin.coarser).get(level or "")
    if level is None:
        codes = np.zeros(len(own), dtype=np.int64)
    elif frame is None:
        codes = pd.factorize(base.areas[level])[0].astype(np.int64)
    else:
        of = frame.index.get_indexer(pd.Index(base.areas[level]))
        rows = np.vstack([frame.to_numpy(dtype=np.float64), np.full(frame.shape[1], np.nan)])
        return _normal(rows[np.where(of < 0, len(frame), of)])
    total = np.zeros((int(codes.max()) + 1, own.shape[1]))
    np.add.at(total, codes, np.nan_to_num(own))
    return _normal(total[codes])


def _normal(counts: Floats) -> Floats:
    total = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, counts / total, np.nan))


def _one_each(base: AreaBase, level: str, n: Floats) -> tuple[Ints, Floats]:
    """A finest area of every area of `level`, and the residents of that."""
    codes, first = np.unique(base.areas[level].to_numpy(dtype=str), return_index=True)
    of = np.searchsorted(codes, base.areas[level].to_numpy(dtype=str))
    return first.astype(np.int64), np.bincount(of, n, len(codes)).astype(np.float64)

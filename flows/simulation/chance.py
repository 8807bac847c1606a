"""Random streams that depend on a seed and a name only.

Every question and every step has a stream of its own, so that adding a question changes no
answer to another one.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]


def stream(seed: int, *names: str) -> np.random.Generator:
    """The random stream of `names` under `seed`; equal arguments give equal numbers."""
    return np.random.default_rng([seed, crc32("/".join(names).encode("utf-8"))])


def draw_rows(probabilities: FloatArray, rng: np.random.Generator) -> IntArray:
    """One column index per row of an (n, K) matrix of probabilities."""
    edges = np.cumsum(probabilities, axis=1)
    u = rng.random(len(probabilities))[:, None] * edges[:, -1:]
    index = (u >= edges).sum(axis=1)
    drawn: IntArray = np.minimum(index, probabilities.shape[1] - 1).astype(np.intp)
    return drawn


def softmax(logits: FloatArray) -> FloatArray:
    """Row-wise probabilities of an (n, K) matrix of logits."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: FloatArray = exponents / exponents.sum(axis=1, keepdims=True)
    return shares


def draw_without_replacement(log_odds: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """Choose n of len(log_odds), with chances proportional to exp(log_odds) at each draw.

    The n largest of log_odds + Gumbel noise (Efraimidis and Spirakis, 2006).
    """
    keys = log_odds + rng.gumbel(size=len(log_odds))
    chosen = np.argpartition(-keys, n - 1)[:n]
    return np.sort(chosen).astype(np.intp)

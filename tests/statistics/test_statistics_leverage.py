"""Leverages per combination of levels, beside plain weighted least squares."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics.leverage import leverages
from flows.statistics.raking import summarise


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("sizes", [[3], [3, 2], [4, 3, 2, 3]])
def test_equals_the_hat_matrix(sizes, missing, groups):
    rng, n = np.random.default_rng(1), 500
    group = np.sort(rng.integers(0, groups, n))
    codes = [rng.integers(0, size, n) for size in sizes]
    shares: list = [None] * len(sizes)
    if missing:
        codes[0] = np.where(rng.random(n) < 0.1, sizes[0], codes[0])
        shares[0] = rng.dirichlet(np.ones(sizes[0]), groups)
    weights = rng.uniform(0.5, 2, n)
    widths = [size + (share is not None) for size, share in zip(sizes, shares, strict=True)]
    of = group if groups > 1 else None
    found = leverages(summarise(codes, widths, np.ones(n), of, groups), shares, weights)
    for g in range(groups):
        own = group == g
        x = []
        for code, size, share in zip(codes, sizes, shares, strict=True):
            rows = np.eye(size) if share is None else np.vstack([np.eye(size), share[g]])
            x.append(rows[code[own]])
        root = np.sqrt(weights[own])[:, None] * np.hstack(x)
        hat = root @ np.linalg.pinv(root.T @ root, hermitian=True) @ root.T
        np.testing.assert_allclose(found[own], np.diag(hat), rtol=1e-8)

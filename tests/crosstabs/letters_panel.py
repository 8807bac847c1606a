"""A made-up weighted panel for comparing letters with another program.

Only doubles of the generator are used, so that every version of numpy gives the same people;
`fingerprint` says whether it did. This module needs numpy and pandas alone, of any version.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

COLUMNS = tuple(str(i) for i in range(1, 9))
SHARES = {"F": 5, "G": 5, "H": 7, "K": 4}
"""Questions of which the shares are compared, with their number of answers."""
MEANS = {"F": 5, "M": 10}
"""Questions of which the means are compared."""


def panel() -> pd.DataFrame:
    """People with a column (`b`, 1-8), a weight, and answers 1..; NaN where there is none.

    The columns differ in size (the last has some 10 people) and, by question, in what they
    answer; answer 4 of K is given in some columns only, and weights depend on the column.
    """
    rng = np.random.default_rng(20261122)
    n = 2400
    sizes = np.array([0.2, 0.18, 0.16, 0.14, 0.12, 0.12, 0.075, 0.005])
    column = np.searchsorted(np.cumsum(sizes), rng.random(n)).clip(max=7)
    weight = np.exp(0.6 * (rng.random(n) + rng.random(n) - 1) + 0.1 * (column - 3.5))
    frame = pd.DataFrame({"b": (column + 1).astype(float), "w": weight / weight.mean()})
    for i, (name, answers) in enumerate({**SHARES, **MEANS}.items()):
        pull = (0.0, 0.18, 0.35, 0.6, 0.15)[i] * np.cos(np.arange(8) * (i + 1))[column]
        place = (rng.random(n) + rng.random(n)) / 2 + pull * 0.35
        answer = np.clip(np.floor(place * answers), 0, answers - 1) + 1
        if name == "K":
            answer = np.where((answer == 4) & (column < 4), 3.0, answer)
        frame[name] = np.where(rng.random(n) < 0.08, np.nan, answer)
    return frame


def fingerprint(frame: pd.DataFrame) -> str:
    """Tells one panel from another; weights count to nine digits."""
    text = "\n".join(
        ",".join(f"{value:.9g}" for value in frame[name].to_numpy()) for name in sorted(frame)
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]

"""The answers that cross-tabs are timed on: random, weighted, with a banner of 45 columns.

200 questions as in a panel's survey: of every 20, twelve on a five-point scale, five with one of
eight answers and three with several of fifteen (1,450 rows in all). Nothing but numpy is needed
to read them, so that a contender may live in another environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

AXES = {"profile": 8, "age": 6, "education": 3, "province": 12,
        "urbanity": 5, "sex": 2, "origin": 3, "household": 6}  # fmt: skip
MARGINS = {"age_sex": 14, "education_age": 7, "region": 12, "urban": 5, "work": 3, "media": 12}
TYPES = ("five", "single", "multiple")
LEVELS = {"five": 5, "single": 8}
OPTIONS = 15
SHARES = {"five": 0.6, "single": 0.25, "multiple": 0.15}

Codes = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Problem:
    """`five`, `single` (n, Q): answers from 0; -1 for none. `multiple` (n, Q, 15): ticked or not.

    `banner` (n, 8) and `margins` (n, 6): levels from 0. `weights` (n): calibrated on the margins
    from equal base weights.
    """

    five: Codes
    single: Codes
    multiple: Codes
    banner: Codes
    margins: Codes
    weights: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.weights)

    @property
    def questions(self) -> int:
        return sum(getattr(self, name).shape[1] for name in TYPES)

    @property
    def rows(self) -> int:
        return (
            self.five.shape[1] * LEVELS["five"]
            + self.single.shape[1] * LEVELS["single"]
            + self.multiple.shape[1] * OPTIONS
        )

    @property
    def columns(self) -> dict[str, int]:
        """The axes of the banner that are there, with their numbers of columns."""
        return dict(list(AXES.items())[: self.banner.shape[1]])

    def part(self, questions: int) -> Problem:
        """The first so many questions, types in proportion."""
        taken = {name: getattr(self, name)[:, :k] for name, k in shares(questions).items()}
        return Problem(**(vars(self) | taken))

    def answers(self) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Of every row in order: who gave the answer (n), and who is its base (n)."""
        found = []
        for name in ("five", "single"):
            for codes in getattr(self, name).T:
                found += [(codes == k, codes >= 0) for k in range(LEVELS[name])]
        for ticks in self.multiple.transpose(1, 2, 0):
            found += [(tick > 0, np.ones(self.n, dtype=bool)) for tick in ticks]
        return found

    def save(self, path: Path) -> None:
        np.savez(path.with_suffix(".npz"), **vars(self))

    @classmethod
    def load(cls, path: Path) -> Problem:
        with np.load(path.with_suffix(".npz")) as stored:
            return cls(**{name: stored[name] for name in stored})


def shares(questions: int) -> dict[str, int]:
    """How many questions of each type: at least one of each."""
    counts = {name: max(1, round(questions * share)) for name, share in SHARES.items()}
    counts["five"] += max(1 - counts["five"], questions - sum(counts.values()))
    return counts


def survey(n: int, questions: int = 200, axes: int = len(AXES), seed: int = 2026) -> Problem:
    """A survey of n people, with the first `axes` variables in its banner."""
    rng = np.random.default_rng(seed)
    sizes = shares(questions)
    banner = np.stack([rng.integers(0, k, n) for k in list(AXES.values())[:axes]], axis=1)
    margins = np.stack([rng.integers(0, k, n) for k in MARGINS.values()], axis=1)
    place = 0.15 * banner[:, :1] + 0.1 * margins[:, :1]
    five = np.clip(np.rint(place + rng.normal(1.0, 1.2, (n, sizes["five"]))), 0, 4)
    five[rng.random(five.shape) < 0.04] = -1
    chances = np.cumsum(np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.02]))
    single = np.searchsorted(chances[:-1], rng.random((n, sizes["single"])))
    ticked = rng.random((n, sizes["multiple"], OPTIONS)) < np.linspace(0.5, 0.03, OPTIONS)
    return Problem(
        five=five.astype(np.int8),
        single=single.astype(np.int8),
        multiple=ticked.astype(np.int8),
        banner=banner.astype(np.int8),
        margins=margins.astype(np.int8),
        weights=_calibrated(margins, rng),
    )


def _calibrated(margins: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Weights linearly calibrated from 1 on random targets, with a mean of 1."""
    n = len(margins)
    blocks = [np.eye(k)[margins[:, i]] for i, k in enumerate(MARGINS.values())]
    x = np.hstack([blocks[0], *(block[:, 1:] for block in blocks[1:])])
    targets = []
    for i, block in enumerate(blocks):
        size = block.sum(axis=0) * rng.uniform(0.85, 1.15, block.shape[1])
        size *= n / size.sum()
        targets.append(size if i == 0 else size[1:])
    change = np.linalg.solve(x.T @ x, np.concatenate(targets) - x.sum(axis=0))
    return np.asarray(1.0 + x @ change)

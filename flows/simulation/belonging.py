"""Who belongs to which profile, by age, education and affluence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.simulation.chance import FloatArray, softmax

ROUNDS = 40


@dataclass(frozen=True, eq=False)
class Belonging:
    """P(profile | places): a multinomial logit with the slopes of normal groups.

    `slopes` (K, 3), `intercepts` (K,).
    """

    slopes: FloatArray
    intercepts: FloatArray

    def of(self, places: FloatArray) -> FloatArray:
        """(n, K) the probabilities of people at (n, 3) places."""
        return softmax(places @ self.slopes.T + self.intercepts)


def belonging(
    places: FloatArray, prototypes: FloatArray, overlap: float, sizes: FloatArray
) -> Belonging:
    """The law under which people at `places` (n, 3) have mean probabilities `sizes` (K,).

    `prototypes` (K, 3); `overlap`: sd of people around them. The intercepts are found by
    iterative proportional fitting.
    """
    slopes = prototypes / overlap**2
    linear = places @ slopes.T
    intercepts = np.log(sizes)
    for _ in range(ROUNDS):
        ratio = sizes / softmax(linear + intercepts).mean(axis=0)
        intercepts = intercepts + np.log(ratio)
        if np.abs(ratio - 1).max() < 1e-4:
            break
    return Belonging(slopes, intercepts)

"""The world of crosstab_world, counted: two axes, with and without a design, and plain vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from crosstab_world import PROFILES, QUESTIONS, World, world

from flows.crosstabs.banner import Banner, BannerAxis, Column, profile_banner
from flows.crosstabs.counts import Counted, count_tables
from flows.crosstabs.crosstab import checked_weights
from flows.crosstabs.layout.layouts import Layout, layouts
from flows.crosstabs.tables import Identity, Row
from flows.definitions.models import Text
from flows.statistics.design import SampleDesign
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies, weighted_sample

REGIONS = ("x", "y", "z")


@dataclass(frozen=True)
class CountedWorld:
    """`groups`: per axis everybody's column (n), -1 for none."""

    world: World
    counted: Counted
    design: SampleDesign
    groups: tuple[np.ndarray, ...]
    weights: np.ndarray

    def covariance(self, u: np.ndarray) -> np.ndarray:
        """Covariance of sums of contributions u (n, K) before weighting, person by person."""
        ones = np.ones(len(u))
        residual = calibration_residual(u, margin_dummies(self.world.margins, self.weights), ones)
        return linearised_covariance(
            self.weights[:, None] * residual,
            self.design.strata,
            self.design.clusters,
            self.design.population,
        )

    def codes(self, name: str) -> np.ndarray:
        """Place of everybody's answer to S1, G_a, G_b (0-4), -1 for none."""
        codes = self.world.frame[name].cat.codes.to_numpy().astype(int)
        return np.where(codes < 5, codes, -1)


DESIGNS = ("none", "strata", "clusters")


def counted_world(
    design: str = "none",
    n: int = 800,
    model_items: tuple[str, ...] = (),
    extra: tuple[Layout, ...] = (),
) -> CountedWorld:
    made = world(n)
    weights = checked_weights(made.weights, n)
    rng = np.random.default_rng(7)
    banner = two_axes(made, rng)
    strata = rng.integers(0, 3, n)
    how = {
        "none": SampleDesign(),
        "strata": SampleDesign(strata=strata, population=np.array([n, 2 * n, 3 * n])[strata]),
        "clusters": SampleDesign(strata=strata, clusters=rng.integers(0, 25, n)),
    }[design]
    sample = weighted_sample(weights, np.zeros(n, dtype=int), 1, made.margins, design=how)
    tables = layouts(made.frame, QUESTIONS, "w1", "t", frozenset(model_items))
    counted = count_tables(sample, [*tables, *extra], banner)
    groups = tuple(np.asarray(axis.groups, dtype=int) for axis in banner.axes)
    return CountedWorld(made, counted, how, groups, weights)


TEXT = Text(nl="x")
IDENTITY = Identity(
    number="X",
    question="X",
    item=None,
    theme="t",
    dimension="attitude",
    type="experiment",
    text=TEXT,
    question_text=TEXT,
    base_text=None,
    special="none",
    multiple=True,
    headline=None,
    model_item=False,
)


def experiment(answer: np.ndarray, arm: np.ndarray) -> Layout:
    """A share under arm 1 and under arm 0 (atoms: y and who was asked, per arm), and the effect."""
    atoms = [each & (arm == a) for a in (1, 0) for each in (answer, np.ones(len(arm), dtype=bool))]
    units = np.vstack([np.eye(4), np.zeros(4)])
    number, people = units[[0, 2, 4]], units[[1, 3, 4]].copy()
    people[2] = [0, 1, 0, 1]
    return Layout(
        identity=IDENTITY,
        rows=(
            Row("arm1", TEXT, "net"),
            Row("arm0", TEXT, "net"),
            Row("arm1-effect", TEXT, "effect", members=("arm1", "arm0")),
        ),
        atoms=tuple(atoms),
        numerator=number,
        denominator=people,
        square=number,
        behind=number,
        shift=np.zeros(3),
        base=people[2],
        no_opinion=np.zeros(4),
        asked=people[2],
        minus=((2, 0, 1),),
    )


def two_axes(made: World, rng: np.random.Generator) -> Banner:
    n = len(made.frame)
    first = profile_banner(made.profile, PROFILES, n).axes[0]
    parts = tuple(
        Column(f"land:{code}", "land", Text(nl=code), (("land", code),)) for code in REGIONS
    )
    groups = np.where(rng.random(n) < 0.1, -1, rng.integers(0, 3, n))
    return Banner((first, BannerAxis("land", Text(nl="land"), parts, groups)))

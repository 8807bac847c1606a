"""weighting.yaml: margins and their targets, caps on weights, groups, composition."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from flows.definitions.models import Code, Model, Text


class Margin(Model):
    """A weighting variable (question, derived, or several crossed) and its targets.

    The targets stand here, or in `table`, a table of the target library (surveys/targets), of
    which `area` names the area (empty: all its areas together). A table also gives `source` and
    `reference_date`, and per group the targets of the area with the group's code. After
    loading, `targets` (or, with groups, `targets_by`) are always filled. Targets are shares,
    percentages or totals; they are scaled to shares on use.

    `collapse`: pairs (level, level it joins), in the order in which sparse levels are merged.
    """

    variable: Code
    targets: dict[Code, float] = Field(default_factory=dict)
    targets_by: dict[Code, dict[Code, float]] = Field(default_factory=dict)
    table: Code | None = None
    area: Code | None = None
    source: Text
    reference_date: date
    approximate: bool = False
    collapse: tuple[tuple[Code, Code], ...] = ()


class Trim(Model):
    """Caps on the weight itself.

    `of`: what the two numbers are relative to: the mean weight, the median weight before
    trimming, or they are quantiles (0-1) of the weights before trimming.
    """

    upper: float | None = None
    lower: float | None = None
    of: Literal["mean", "median", "quantile"] = "mean"


class Groups(Model):
    """Groups (municipalities, regions) that are each weighted to targets of their own.

    A group is too small with fewer respondents than `minimum`, or than `per_level` for every
    level of its margins together. It then joins another: `join` holds pairs (group, group it
    joins), tried in their order; without one it is refused.
    """

    variable: Code
    minimum: int = 100
    per_level: int = 5
    join: tuple[tuple[Code, Code], ...] = ()


class Composition(Model):
    """The profile composition of the area of a local consultation, known with an error.

    `shares` per profile add up to 1; `standard_errors` in the same unit. `covariance`: of the
    shares, profile by profile, where it is known; it then goes before the standard errors.
    `collapse`: pairs (profile, profile it joins) for profiles with few respondents.
    """

    shares: dict[Code, float]
    standard_errors: dict[Code, float]
    covariance: dict[Code, dict[Code, float]] | None = None
    collapse: tuple[tuple[Code, Code], ...] = ()
    source: Text
    reference_date: date


class WeightingPlan(Model):
    """weighting.yaml.

    `minimum_per_level`: a level with fewer respondents is merged as its margin's `collapse`
    says. `note_above`, `refuse_from`: weights, relative to the mean, that are noted and refused
    (VNG's rule is 3 and 5).
    """

    method: Literal["raking", "linear", "logit", "poststratify"] = "raking"
    margins: tuple[Margin, ...]
    groups: Groups | None = None
    composition: Composition | None = None
    bounds: tuple[float, float] | None = None
    trim: Trim | None = None
    minimum_per_level: int = 5
    missing: Literal["error", "own_level", "proportional"] = "error"
    base_weight: Code | None = None
    note_above: float = 3.0
    refuse_from: float | None = None
    tolerance: float = 1e-6

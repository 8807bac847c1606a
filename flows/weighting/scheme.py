"""Weighting a wave by its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.weighting_plan import WeightingPlan
from flows.ingest.derive import derive
from flows.weighting.arguments import read_base_weight
from flows.weighting.calibration import calibrate
from flows.weighting.errors import CalibrationError, WeightTooLarge
from flows.weighting.groups import Groups
from flows.weighting.joining import Joined, Numbers, Settled, as_pairs, settle_groups
from flows.weighting.levels import Collapse
from flows.weighting.result import Weighting, design_effect
from flows.weighting.targets import plan_targets
from flows.weighting.trimming import Trim, caps

Floats = NDArray[np.float64]

NAMED = 10
"""So many row numbers, or merged levels, stand in a message."""

GROUP = "(group)"
"""The column in which `calibrate` finds the groups as they are weighted."""

AT_CAP = 1e-6
"""Relative distance within which a weight stands at its cap."""


@dataclass(frozen=True)
class Trimming:
    """What trimming did.

    `lowest`, `highest`: the widest cap of all groups, None where there is none. `at_lower`,
    `at_upper`: respondents at a cap. `lowest_with`, `highest_with`: the weights that came out;
    `..._without`: those there would be without trimming, None where they cannot be made. All
    weights in multiples of the mean weight, with groups of that of the group.
    """

    lowest: float | None
    highest: float | None
    at_lower: int
    at_upper: int
    lowest_with: float
    highest_with: float
    lowest_without: float | None = None
    highest_without: float | None = None
    efficiency_without: float | None = None
    effective_n_without: float | None = None


@dataclass(frozen=True, eq=False)
class PlanWeighting(Weighting):
    """A weighting by a plan: the weights average 1.

    `margins` with groups are in numbers of people. `joined`: groups that were too small to be
    weighted apart. `groups_of`: (n,) number of the row of `groups` in which each respondent is
    weighted, None without groups. `relative`: (n,) the weight over the mean weight, with groups
    over that of the group: what the plan's limits are about.
    """

    joined: tuple[Joined, ...] = ()
    groups_of: NDArray[np.integer] | None = None
    relative: Floats = field(default_factory=lambda: np.empty(0))
    trimming: Trimming | None = None


def weigh(frame: pd.DataFrame, plan: WeightingPlan) -> PlanWeighting:
    """Weight respondents by the plan; the weights average 1.

    `frame`: one row a respondent, one column of level codes per margin of the plan (and of
    groups and the base weight, where the plan names them). Groups under the plan's size join
    another (`settle_groups`) and sparse levels are merged (`Collapse`), both with a note.
    Weights above `plan.note_above` times the mean are noted; from `plan.refuse_from` times the
    mean the weighting is refused. Raises `CalibrationError` when the margins cannot be met,
    `Refusal` for groups that are too small and `WeightTooLarge` for large weights.
    """
    settled = None if plan.groups is None else settle_groups(frame, plan)
    weighting = _calibrated(frame, plan, settled, trim=plan.trim is not None)
    groups = _groups_of(weighting, settled)
    relative = weighting.weights / groups.rows(
        groups.sums(weighting.weights) / groups.sums(np.ones(len(frame)))
    )
    _refuse_large(relative, plan)
    trimming = None
    if plan.trim is not None:
        trimming = _trimming(frame, plan, settled, weighting, groups)
    values = {f.name: getattr(weighting, f.name) for f in fields(Weighting)}
    values["notes"] = _notes(weighting, plan, settled, relative)
    return PlanWeighting(
        **values,
        joined=() if settled is None else settled.joined,
        groups_of=groups.of,
        relative=relative,
        trimming=trimming,
    )


def _calibrated(
    frame: pd.DataFrame, plan: WeightingPlan, settled: Settled | None, *, trim: bool
) -> Weighting:
    """The plan put to `calibrate`; weights averaging 1."""
    into = {m.variable: m.collapse for m in plan.margins if m.collapse}
    targets: Mapping[str, Any]
    base: str | Floats | None = plan.base_weight
    enlarged = 1.0
    if settled is None:
        targets = plan_targets(plan)
    else:
        frame = frame.assign(**{GROUP: settled.of})
        # Numbers so small that they could be taken for shares or percentages are made larger.
        enlarged = max(1.0, 1000 / min(map(sum_of, settled.targets.values())))
        targets = {
            group: {m: {k: v * enlarged for k, v in own.items()} for m, own in margins.items()}
            for group, margins in settled.targets.items()
        }
        if plan.base_weight is not None:
            base = _base_in_groups(frame, plan.base_weight, settled, targets)
    done = calibrate(
        frame,
        targets,
        base_weight=base,
        method=plan.method,
        bounds=plan.bounds,
        trim=_cut(plan) if trim else None,
        collapse=Collapse(into, plan.minimum_per_level) if into else None,
        by=None if settled is None else GROUP,
        missing=plan.missing,
        tolerance=plan.tolerance,
    )
    return done if settled is None else _averaging_one(done, enlarged)


def sum_of(margins: Numbers) -> float:
    """The number of people of a group: the sum of any of its margins."""
    return sum(next(iter(margins.values())).values())


def _cut(plan: WeightingPlan) -> Trim | None:
    trim = plan.trim
    return None if trim is None else Trim(trim.lower, trim.upper, trim.of)


def _base_in_groups(
    frame: pd.DataFrame, name: str, settled: Settled, targets: Mapping[str, Numbers]
) -> Floats:
    """Base weights with the sum of their group's targets: g is then about the group alone."""
    base, _ = read_base_weight(frame, name)
    heads, codes = settled.of.categories, settled.of.codes
    sums = np.bincount(codes, base, len(heads))
    people = np.array([sum_of(targets[head]) for head in heads])
    scaled: Floats = base * np.divide(people, sums, out=np.zeros_like(sums), where=sums > 0)[codes]
    return scaled


def _averaging_one(weighting: Weighting, enlarged: float) -> Weighting:
    """Weights that add up to a population, scaled to average 1; margins in people again."""
    scale = len(weighting.weights) / float(weighting.weights.sum())
    margins = weighting.margins.copy()
    margins[["before", "target", "after"]] /= enlarged
    groups = weighting.groups
    return replace(
        weighting,
        weights=weighting.weights * scale,
        base_weights=weighting.base_weights * scale,
        margins=margins,
        groups=None if groups is None else groups.assign(sum=groups["sum"] * scale),
    )


def _groups_of(weighting: Weighting, settled: Settled | None) -> Groups:
    if settled is None or weighting.groups is None:
        return Groups((None,), None)
    names = tuple(weighting.groups["group"])
    place = {name: g for g, name in enumerate(names)}
    number = np.array([place.get(head, -1) for head in settled.of.categories], dtype=np.intp)
    return Groups(names, number[settled.of.codes])


def _trimming(
    frame: pd.DataFrame,
    plan: WeightingPlan,
    settled: Settled | None,
    weighting: Weighting,
    groups: Groups,
) -> Trimming:
    """Compare with the same weighting without trimming."""
    cut = _cut(plan)
    assert cut is not None
    try:
        without = _calibrated(frame, plan, settled, trim=False).weights
    except CalibrationError:
        without = None
    reference = weighting.weights if without is None or cut.of == "mean" else without
    low, high = caps(cut, reference, weighting.base_weights, groups)
    mean = groups.sums(weighting.weights) / groups.sums(np.ones(len(frame)))
    w = weighting.weights
    free = {} if without is None else _free(without, groups)
    return Trimming(
        lowest=float((low / mean).min()) if cut.lower is not None else None,
        highest=float((high / mean).max()) if cut.upper is not None else None,
        at_lower=int((w <= groups.rows(low) * (1 + AT_CAP)).sum()) if cut.lower is not None else 0,
        at_upper=int((w >= groups.rows(high) * (1 - AT_CAP)).sum()) if cut.upper is not None else 0,
        lowest_with=float((w / groups.rows(mean)).min()),
        highest_with=float((w / groups.rows(mean)).max()),
        **free,
    )


def _free(weights: Floats, groups: Groups) -> dict[str, float]:
    relative = weights / groups.rows(groups.sums(weights) / groups.sums(np.ones(len(weights))))
    deff = design_effect(weights)
    return {
        "lowest_without": float(relative.min()),
        "highest_without": float(relative.max()),
        "efficiency_without": 1 / deff,
        "effective_n_without": len(weights) / deff,
    }


def _refuse_large(relative: Floats, plan: WeightingPlan) -> None:
    if plan.refuse_from is not None and (relative >= plan.refuse_from).any():
        raise WeightTooLarge(
            f"{_rows(relative >= plan.refuse_from, relative)} a weight of {plan.refuse_from:g} "
            f"times the mean{_of_group(plan)} or more, up to {relative.max():.2f}; merge sparse "
            "levels in weighting.yaml, set trim, or raise refuse_from."
        )


def _notes(
    weighting: Weighting, plan: WeightingPlan, settled: Settled | None, relative: Floats
) -> tuple[str, ...]:
    notes = []
    if settled is not None and settled.joined:
        notes.append(
            "Groups with too few respondents to be weighted apart are weighted with another: "
            f"{as_pairs(settled.joined)}."
        )
    merged = [f"{collapsed}" for collapsed in weighting.collapsed]
    if merged:
        more = f"; and {len(merged) - NAMED} more" if len(merged) > NAMED else ""
        notes.append(
            f"{len(merged):,} levels with fewer than {plan.minimum_per_level} respondents were "
            "merged: "
            f"{'; '.join(merged[:NAMED])}{more}."
        )
    notes += [note for note in weighting.notes if note not in merged]
    if (relative > plan.note_above).any():
        notes.append(
            f"{_rows(relative > plan.note_above, relative)} a weight above {plan.note_above:g} "
            f"times the mean{_of_group(plan)}."
        )
    return tuple(notes)


def _of_group(plan: WeightingPlan) -> str:
    return "" if plan.groups is None else " of their group"


def _rows(chosen: NDArray[np.bool_], relative: Floats) -> str:
    """Such as "2 respondents (rows 4, 12) have", the largest weights first."""
    rows = np.flatnonzero(chosen)
    named = rows[np.argsort(-relative[rows], kind="stable")][:NAMED] + 1
    more = ", ..." if len(rows) > len(named) else ""
    listed = ", ".join(map(str, named))
    if len(rows) == 1:
        return f"1 respondent (row {listed}) has"
    return f"{len(rows):,} respondents (rows {listed}{more}) have"


def weighting_frame(
    answers: pd.DataFrame, questionnaire: Questionnaire, plan: WeightingPlan
) -> pd.DataFrame:
    """What `weigh` needs of the answers: the plan's margins, groups and base weight."""
    variables = [margin.variable for margin in plan.margins]
    if plan.groups is not None:
        variables.append(plan.groups.variable)
    frame = derive(answers, questionnaire, dict.fromkeys(variables))
    if plan.base_weight is not None:
        if plan.base_weight not in answers:
            raise CalibrationError(
                f"The base weight {plan.base_weight} is not among the answers of this wave; "
                "name another in weighting.yaml, or remove base_weight."
            )
        frame[plan.base_weight] = answers[plan.base_weight]
    return frame

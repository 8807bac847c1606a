"""Which fitted component is which profile of the plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from flows.definitions.models import Text
from flows.definitions.profile_plan import Profile, ProfilePlan
from flows.profiles.errors import ProfileError

Floats = NDArray[np.float64]

BREAK_TIES = 1e-6


@dataclass(frozen=True)
class Matching:
    """`order[k]`: the component that is profile k of the plan.

    `distances[k]`: Euclidean distance between that component and the prototype over the axes,
    in standard deviations; None for a profile without a prototype. `named[k]`: close enough
    to carry the profile's name.
    """

    order: tuple[int, ...]
    distances: tuple[float | None, ...]
    named: tuple[bool, ...]


def match(places: Floats, axes: tuple[str, ...], plan: ProfilePlan) -> Matching:
    """Match K components with mean places (K, A) to the plan's K profiles.

    Profiles with a prototype get the components that make the sum of squared distances
    smallest (Hungarian algorithm). Beyond `too_far` all distances weigh the same, so that a
    prototype with no component near it does not spoil the matches of the others. Profiles
    without a prototype get what is left, ordered along `order_by` from low to high. An axis
    on which a component has no place counts as the mean, 0.
    """
    here = np.nan_to_num(places)
    with_prototype = [
        k for k, profile in enumerate(plan.profiles) if profile.prototype is not None and axes
    ]
    order = [-1] * len(plan.profiles)
    distances: list[float | None] = [None] * len(plan.profiles)
    if with_prototype:
        wanted = np.array([_prototype(plan.profiles[k], axes) for k in with_prototype])
        square = ((wanted[:, None, :] - here[None, :, :]) ** 2).sum(axis=2)
        cost = np.minimum(square, plan.too_far**2) + BREAK_TIES * square
        for row, component in zip(*linear_sum_assignment(cost), strict=True):
            k = with_prototype[row]
            order[k] = int(component)
            distances[k] = float(np.sqrt(square[row, component]))
    left = [component for component in range(len(here)) if component not in order]
    if left:
        if plan.order_by not in axes:
            raise ProfileError(
                f"profiles.yaml orders profiles without a prototype by {plan.order_by}, which is "
                "not among its axes; define that axis or name another under order_by."
            )
        along = here[:, axes.index(plan.order_by)]
        left.sort(key=lambda component: (along[component], component))
        for k in [k for k, component in enumerate(order) if component < 0]:
            order[k] = left.pop(0)
    return Matching(
        tuple(order),
        tuple(distances),
        tuple(distance is None or distance <= plan.too_far for distance in distances),
    )


def _prototype(profile: Profile, axes: tuple[str, ...]) -> list[float]:
    places = profile.prototype.places() if profile.prototype is not None else {}
    return [places.get(axis, 0.0) for axis in axes]


def names_of(plan: ProfilePlan, matching: Matching) -> tuple[Text, ...]:
    """The profiles' names; `Profiel 3` for the third where the match is too far."""
    return tuple(
        profile.label if named else Text(nl=f"Profiel {k}", en=f"Profile {k}")
        for k, (profile, named) in enumerate(
            zip(plan.profiles, matching.named, strict=True), start=1
        )
    )

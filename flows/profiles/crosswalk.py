"""Two versions of the profile model on the same respondents: what became of the profiles.

A model fitted anew calls other people by a profile's name, however alike the portraits are. The
crosswalk types the same respondents by both versions and tells, for every new profile, which old
one it continues, if any, and how many people keep theirs. Sizes are those of the one wave by
either version (`flows.profiles.trend.resize`), so that whatever differs is the versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from flows.definitions.profile_plan import Axis
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.assign import assign
from flows.profiles.axes import axis_values, mean_places
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.model import ProfileModel
from flows.profiles.stability import adjusted_rand_index
from flows.profiles.trend import FEWEST, resize

Floats = NDArray[np.float64]

SAME_PEOPLE, SAME_PLACE = 0.80, 0.30
"""A profile continues if four fifths of its people stay, in both directions, and its place on
the axes moved less than this many standard deviations."""
ALIKE = 0.50
"""With fewer than half staying in either direction a profile is another one."""


@dataclass(frozen=True)
class Step:
    """One new profile and the old one it corresponds to.

    `old` is None for a profile without one. `stay`: share of the old profile's people who are
    in the new one; `come`: share of the new profile's people who were in the old one.
    `distance`: between both places on the axes, in standard deviations (None without axes).
    `verdict`: the same | like it | another.
    """

    new: str
    old: str | None
    stay: float
    come: float
    distance: float | None
    verdict: str


@dataclass(frozen=True, eq=False)
class Crosswalk:
    """Old (Ko profiles) beside new (Kn) on n respondents whom both can type.

    `labels` (Ko, Kn): weighted shares of people by their most likely profiles, adding up to
    one. `probabilities` (Ko, Kn): mean probability of each new profile among those of an old
    one, by probability; rows add up to one. `old_sizes`, `new_sizes`: of this wave by each
    version. `old_places`, `new_places` (K, A) on `axes`. `steps`: one a new profile. `gone`:
    old profiles that none continues. `staying`: share of people whose profile corresponds.
    `agreement`: adjusted Rand index. `statement`: what may be compared.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    n: int
    labels: Floats
    probabilities: Floats
    old_sizes: Floats
    new_sizes: Floats
    axes: tuple[str, ...]
    old_places: Floats
    new_places: Floats
    steps: tuple[Step, ...]
    gone: tuple[str, ...]
    staying: float
    agreement: float
    comparable: bool
    statement: str


def crosswalk(
    old: ProfileModel,
    new: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    axes: Mapping[str, Axis],
    weights: ArrayLike | None = None,
) -> Crosswalk:
    """Which profile of `new` continues which of `old`, on the respondents of an answer frame.

    `axes`: on which places are compared, both on these respondents. Profiles correspond so
    that as many people as possible keep theirs (Hungarian algorithm).

    Raises `ProfileError` when the answers lack an item of either version and with fewer than
    100 people whom both can type.
    """
    w = checked_weights(weights, len(frame))
    before, after = assign(old, frame, questionnaire), assign(new, frame, questionnaire)
    used = before.typed & after.typed & (w > 0)
    if int(used.sum()) < FEWEST:
        raise ProfileError(
            f"{int(used.sum())} respondents can be typed by both versions, at least {FEWEST} are "
            "needed to compare them; wait for more answers or name another wave."
        )
    frame, w = frame.loc[used].reset_index(drop=True), w[used] / w[used].sum()
    p, q = before.probabilities[used], after.probabilities[used]
    first, second = p.argmax(axis=1), q.argmax(axis=1)
    labels = np.zeros((p.shape[1], q.shape[1]))
    np.add.at(labels, (first, second), w)
    together = (p * w[:, None]).T @ q
    values = axis_values(frame, questionnaire, dict(axes), w)
    places = [mean_places(values, each * w[:, None]) for each in (p, q)]
    steps = _steps(old.codes, new.codes, labels, places[0], places[1])
    kept = {step.old for step in steps if step.old is not None}
    gone = tuple(code for code in old.codes if code not in kept)
    staying = float(
        sum(
            labels[old.codes.index(s.old), new.codes.index(s.new)]
            for s in steps
            if s.old is not None
        )
    )
    same = sum(step.verdict == "the same" for step in steps)
    comparable = not gone and same == len(steps)
    return Crosswalk(
        old=old.codes,
        new=new.codes,
        n=int(used.sum()),
        labels=labels,
        probabilities=together / np.maximum(together.sum(axis=1, keepdims=True), 1e-12),
        old_sizes=resize(old, frame, questionnaire, w).sizes,
        new_sizes=resize(new, frame, questionnaire, w).sizes,
        axes=tuple(axes),
        old_places=places[0],
        new_places=places[1],
        steps=steps,
        gone=gone,
        staying=staying,
        agreement=adjusted_rand_index(first, second),
        comparable=comparable,
        statement=_statement(steps, gone, staying, comparable),
    )


def _steps(
    old: tuple[str, ...], new: tuple[str, ...], labels: Floats, before: Floats, after: Floats
) -> tuple[Step, ...]:
    rows, columns = linear_sum_assignment(-labels)
    of = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    steps = []
    for j, code in enumerate(new):
        i = of.get(j)
        if i is None or labels[i, j] == 0:
            steps.append(Step(code, None, 0.0, 0.0, None, "another"))
            continue
        stay = float(labels[i, j] / labels[i].sum())
        come = float(labels[i, j] / labels[:, j].sum())
        gap = before[i] - after[j]
        known = np.isfinite(gap)
        distance = float(np.linalg.norm(gap[known])) if known.any() else None
        near = distance is None or distance <= SAME_PLACE
        verdict = "like it"
        if min(stay, come) >= SAME_PEOPLE and near:
            verdict = "the same"
        elif min(stay, come) < ALIKE:
            verdict = "another"
        steps.append(Step(code, old[i], stay, come, distance, verdict))
    return tuple(steps)


def _statement(
    steps: tuple[Step, ...], gone: tuple[str, ...], staying: float, comparable: bool
) -> str:
    counts = {
        verdict: sum(step.verdict == verdict for step in steps)
        for verdict in ("the same", "like it", "another")
    }
    lost = (
        f", and {len(gone)} old {'one is' if len(gone) == 1 else 'ones are'} gone" if gone else ""
    )
    found = (
        f"{staying:.0%} of the people keep their profile. Of {len(steps)} new profiles "
        f"{counts['the same']} are the same as an old one, {counts['like it']} are like one and "
        f"{counts['another']} are others{lost}."
    )
    if comparable:
        return (
            f"{found} Portraits may be read on; for a trend resize every wave by one version all "
            "the same."
        )
    return (
        f"{found} Figures of the two versions must not be put in one trend: resize earlier waves "
        "by the new version, or go on with the old one."
    )

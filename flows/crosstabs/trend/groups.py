"""Groups for one comparison, made of questions that are not compared; kept in no store.

The profiles of a survey are made of its questions on trust and engagement, so that these cannot
be compared within profiles. Groups made in the same way of other questions can: nothing of what
is compared decided who is in which. Everybody stays in the group of the first wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.crosstabs.errors import CrosstabError
from flows.definitions.models import Text
from flows.definitions.profile_plan import Axis, Profile, ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.profiles.assign import Labels, assign
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.statistics.change import Floats

STARTS = 10
FEWEST_IN_GROUP = 30


@dataclass(frozen=True, eq=False)
class Groups:
    """`labels` (n): code of everybody's group by the answers of the first wave, empty for none.

    `turned` (m): the same by the answers of the other wave, None where it did not ask them.
    `model`: what they were made by.
    """

    model: ProfileModel
    codes: tuple[str, ...]
    names: tuple[Text, ...]
    labels: Labels
    turned: Labels | None


def groups_by(
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    questions: Sequence[str],
    before: pd.DataFrame,
    weights: Floats,
    after: pd.DataFrame,
    *,
    starts: int = STARTS,
) -> Groups:
    """As many groups as the plan has profiles, fitted as these are, on `questions` alone.

    They stand in order of the first of the questions. Raises CrosstabError for a code that is no
    question, and ProfileError when the answers cannot carry the groups.
    """
    unknown = [code for code in questions if not questionnaire.has(code)]
    if unknown or not questions:
        raise CrosstabError(
            f"There is no question {unknown[0] if unknown else 'named'} to make groups of; name "
            "questions of the questionnaire, such as those that are not compared."
        )
    codes = tuple(f"g{i}" for i in range(1, len(plan.profiles) + 1))
    names = tuple(Text(nl=f"Groep {code[1:]}", en=f"Group {code[1:]}") for code in codes)
    own = plan.model_copy(
        update={
            "version": "groups",
            "items": tuple(questions),
            "golden": (),
            "axes": {"order": Axis(of=(questions[0],))},
            "order_by": "order",
            "starts": starts,
            "profiles": tuple(
                Profile(code=code, nl=name.nl, en=name.en, alias=name)
                for code, name in zip(codes, names, strict=True)
            ),
        }
    )
    model = fit_profiles(before, questionnaire, own, weights)
    asked = all(column.name in after for column in model.items)
    return Groups(
        model=model,
        codes=codes,
        names=names,
        labels=assign(model, before, questionnaire).labels,
        turned=assign(model, after, questionnaire).labels if asked else None,
    )


@dataclass(frozen=True)
class Naive:
    """What one would find with groups made of the compared answers themselves.

    `changes`: mean change per group of about equal size, from the lowest answers to the highest,
    in the first wave; `turned`: with groups made by the answers of the second. `overall`: of all
    `n` people in both waves.
    """

    question: str
    text: Text
    n: int
    overall: float
    changes: tuple[float, ...]
    turned: tuple[float, ...]


def naive_change(
    question: Question, before: Floats, after: Floats, weights: Floats, groups: int
) -> Naive | None:
    """The naive comparison of a battery's mean among the people of both waves (n each, matched).

    None where fewer than 30 people would be in a group. Nothing of this is ever published: it
    shows regression to the mean, which a turned comparison shows the other way round.
    """
    known = np.isfinite(before) & np.isfinite(after)
    if known.sum() < FEWEST_IN_GROUP * groups:
        return None
    first, second, w = before[known], after[known], weights[known]
    change = second - first

    def by(place: Floats) -> tuple[float, ...]:
        cut = pd.qcut(place, groups, labels=False, duplicates="drop")
        return tuple(
            float(np.average(change[cut == g], weights=w[cut == g])) for g in range(cut.max() + 1)
        )

    return Naive(
        question=question.code,
        text=question.label,
        n=int(known.sum()),
        overall=float(np.average(change, weights=w)),
        changes=by(first),
        turned=by(second),
    )

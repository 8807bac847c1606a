"""Tables made from wanted counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from crosstab_world import question

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.tables import Table
from flows.definitions.options import MISSING_CODES, Net, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType


def counted(
    counts: Sequence[Sequence[int]],
    number: str = "Q",
    *,
    headline: str | None = None,
    last: int = 0,
    nets: dict[str, tuple[str, ...]] | None = None,
    mean: bool = False,
    special: str = "none",
    model_item: bool = False,
    spread: float = 0.0,
) -> Table:
    """The table of one question with `counts` people (answers x profiles).

    Answers are a1, a2, ... (scores 1, 2, ...; answer `last` stays last), profiles p0, p1, ...
    `spread`: of the logarithm of the weights, which are equal by default.
    """
    a, p = len(counts), len(counts[0])
    codes = [f"a{i + 1}" for i in range(a)]
    options = tuple(
        Option(code=code, nl=code, value=i + 1, last=i + 1 == last) for i, code in enumerate(codes)
    )
    asked = question(
        number,
        QuestionType.SINGLE,
        options=options,
        headline=headline,
        nets=tuple(Net(code=k, nl=k, options=v) for k, v in (nets or {}).items()),
        mean=mean,
        special=special,
    )
    answers = np.concatenate([np.repeat(codes, [row[c] for row in counts]) for c in range(p)])
    profile = np.repeat([f"p{c}" for c in range(p)], np.sum(counts, axis=0))
    frame = pd.DataFrame({number: pd.Categorical(answers, categories=[*codes, *MISSING_CODES])})
    weights = np.exp(spread * np.random.default_rng(1).normal(size=len(frame)))
    return crosstab(
        frame,
        Questionnaire(questions=(asked,)),
        [asked],
        profile_banner(profile, [f"p{c}" for c in range(p)], len(frame)),
        weights,
        model_items={number} if model_item else set(),
    )[0]

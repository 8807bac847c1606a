"""The margins that stored weights meet, for the variance of tables made with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError
from flows.definitions.models import Survey
from flows.weighting.calibrated import calibrated_margins
from flows.weighting.diagnostics import scheme_sha256
from flows.weighting.scheme import weighting_frame

Floats = NDArray[np.float64]


def calibrated_on(
    survey: Survey, wave: str, answers: pd.DataFrame, made: Mapping[str, Any]
) -> tuple[pd.DataFrame, Floats | None]:
    """The margins that the stored weights meet, and the base weights they began with.

    `answers` (n rows); `made`: the stored summary of the weighting. Returns a frame of n rows
    with a column a margin, and n weights or None. Raises `CrosstabError` when weighting.yaml is
    no longer the one the weights were made by.
    """
    plan = survey.weighting
    if made.get("scheme") != scheme_sha256(plan):
        raise CrosstabError(
            f"{survey.code} {wave}: the weights were not made by the present "
            f"weighting.yaml. Run 'themadossier weigh surveys/{survey.code} --wave {wave}' first."
        )
    frame = weighting_frame(answers, survey.questionnaire, plan)
    joined = {each["group"]: each["into"] for each in made["joined"]}
    margins = calibrated_margins(frame, plan, joined=joined, collapsed=made["collapsed"])
    if plan.base_weight is None:
        return margins, None
    return margins, frame[plan.base_weight].to_numpy(float)

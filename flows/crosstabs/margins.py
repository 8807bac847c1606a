"""What the variance of tables needs besides weights: the margins they meet, the sample's design."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey
from flows.definitions.waves import Wave
from flows.ingest.derive import variable
from flows.statistics.design import SampleDesign
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


def design_of(
    wave: Wave, questionnaire: Questionnaire, answers: pd.DataFrame
) -> SampleDesign | None:
    """Strata, clusters and population per person (n) as survey.yaml tells; None without them.

    Raises CrosstabError when somebody has no stratum or cluster, or a stratum no population.
    """
    plan = wave.design
    if plan.strata is None and plan.clusters is None and not plan.population:
        return None
    parts: dict[str, pd.Series | None] = {}
    for part, name in (("strata", plan.strata), ("clusters", plan.clusters)):
        values = None if name is None else variable(answers, questionnaire, name)
        if values is not None and values.isna().any():
            raise CrosstabError(
                f"{wave.code}: {int(values.isna().sum())} respondents have no {name}, which "
                f"survey.yaml names as {part} of the sample; complete it or leave them out."
            )
        parts[part] = None if values is None else values.astype(str)
    population = None
    if plan.population:
        strata = parts["strata"]
        home = pd.Series("all", index=answers.index) if strata is None else strata
        population = home.map(plan.population)
        if population.isna().any():
            stratum = home[population.isna()].iloc[0]
            raise CrosstabError(
                f"{wave.code}: survey.yaml gives no population of stratum {stratum}; add it "
                "under design.population."
            )
    return SampleDesign(parts["strata"], parts["clusters"], population)

"""The composition of an area as the margin that a consultation is weighted to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from flows.crosstabs.area_analysis.analysis import Mix
from flows.definitions.models import Text
from flows.definitions.weighting_plan import Composition

DECIMALS = 5


def composition_margin(
    mix: Mix, profiles: Sequence[str], source: Text, day: date, confidence: float = 0.95
) -> Composition:
    """Shares with their standard errors, as `weighting.yaml` has them under `composition`.

    Errors are those of the interval of the base, which is symmetric on the log-odds. The
    covariance is left to the rule of `flows.statistics.estimated_margins`.
    """
    errors = mix.errors(confidence)
    return Composition(
        shares={
            code: round(float(share), DECIMALS)
            for code, share in zip(profiles, mix.estimate, strict=True)
        },
        standard_errors={
            code: round(float(error), DECIMALS)
            for code, error in zip(profiles, errors, strict=True)
        },
        source=source,
        reference_date=day,
    )


def composition_yaml(composition: Composition, remark: str) -> str:
    """The text to put in `weighting.yaml`; `remark` becomes a comment above it."""

    def table(values: dict[str, float]) -> str:
        return "".join(f"    {code}: {value:.{DECIMALS}f}\n" for code, value in values.items())

    nl, en = (json.dumps(composition.source[each], ensure_ascii=False) for each in ("nl", "en"))
    comment = "".join(f"# {line}\n" for line in remark.splitlines())
    return (
        f"{comment}composition:\n"
        f"  source: {{nl: {nl}, en: {en}}}\n"
        f"  reference_date: {composition.reference_date.isoformat()}\n"
        f"  shares:\n{table(composition.shares)}"
        f"  standard_errors:\n{table(composition.standard_errors)}"
    )

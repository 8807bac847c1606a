"""Two weighting schemes side by side, as a page and as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flows.definitions.questionnaire import Questionnaire
from flows.weighting.compare import Comparison, LevelFigures, ResultFigures
from flows.weighting.report import named_levels, template, variable_name

LONGEST = 60


def compare_page(
    comparison: Comparison,
    questionnaire: Questionnaire,
    *,
    title: str,
    wave: str = "",
    simulated: bool = False,
) -> str:
    """A self-contained English page; see `weighting_page` for the arguments."""
    return template("compare.html.j2").render(
        title=title,
        wave=wave,
        simulated=simulated,
        first=comparison.first,
        second=comparison.second,
        schemes=[
            {
                "figures": figures,
                "margin_labels": [variable_name(questionnaire, m) for m in figures.margins],
            }
            for figures in (comparison.first, comparison.second)
        ],
        margins=_margins(comparison, questionnaire),
        results=comparison.results,
    )


def _margins(comparison: Comparison, questionnaire: Questionnaire) -> list[dict[str, Any]]:
    margins = []
    for name in dict.fromkeys(level.margin for level in comparison.margins):
        levels = [level for level in comparison.margins if level.margin == name]
        margins.append(
            {
                "label": variable_name(questionnaire, name),
                "controlled": levels[0].controlled,
                "farthest": _farthest(levels, questionnaire),
                "levels": named_levels(questionnaire, name, map(asdict, levels)),
            }
        )
    return margins


def _farthest(levels: Sequence[LevelFigures], questionnaire: Questionnaire) -> str:
    """Where the scheme that does not control a margin leaves it farthest from the target."""

    def missed(level: LevelFigures) -> tuple[float, float]:
        if level.first_target is None:
            return level.first, level.second_target or 0.0
        return level.second, level.first_target

    worst = max(levels, key=lambda level: abs(missed(level)[0] - missed(level)[1]))
    (named,) = named_levels(questionnaire, worst.margin, [asdict(worst)])
    share, target = missed(worst)
    return f"{named['label']} {share:.1%}, target {target:.1%}"


def compare_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-able values."""
    return {
        "schemes": [asdict(comparison.first), asdict(comparison.second)],
        "margins": [
            {**asdict(level), "controlled": level.controlled} for level in comparison.margins
        ],
        "results": [asdict(result) for result in comparison.results],
    }


def cost_rows(comparison: Comparison) -> list[dict[str, str]]:
    """What each scheme costs, a row a scheme."""
    return [
        {
            "scheme": figures.name,
            "margins": ", ".join(figures.margins),
            "effective_n": f"{figures.effective_n:,.0f} of {figures.respondents:,}",
            "efficiency": f"{figures.efficiency:.3f}",
            "weights": f"{figures.lowest:.2f} to {figures.highest:.2f}",
        }
        for figures in (comparison.first, comparison.second)
    ]


def margin_rows(comparison: Comparison) -> list[dict[str, str]]:
    """The levels that only one of the schemes controls, and what the other makes of them."""
    first, second = comparison.first.name, comparison.second.name
    return [
        {
            "margin": level.margin,
            "level": level.level,
            "n": f"{level.n:,}",
            "unweighted": f"{level.unweighted:.1%}",
            first: f"{level.first:.1%}",
            second: f"{level.second:.1%}",
            "controlled_by": first if level.controlled == "first" else second,
        }
        for level in comparison.margins
        if level.controlled != "both"
    ]


def result_rows(comparison: Comparison) -> list[dict[str, str]]:
    """The key results under both schemes, with standard errors between brackets."""
    return [_result_row(result, comparison) for result in comparison.results]


def _result_row(result: ResultFigures, comparison: Comparison) -> dict[str, str]:
    scale, unit, decimals = (1.0, "", 2) if result.is_mean else (100.0, "%", 1)

    def shown(value: float, error: float) -> str:
        return f"{value * scale:.{decimals}f}{unit} ({error * scale:.2f})"

    text = f"{result.text}: {result.headline}"
    return {
        "table": result.number,
        "result": text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…",
        comparison.first.name: shown(result.first, result.first_error),
        comparison.second.name: shown(result.second, result.second_error),
        "difference": f"{result.difference * scale:+.2f} ({result.difference_error * scale:.2f})",
    }

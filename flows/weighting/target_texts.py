"""What a target table says of itself: the rule by which it was made, and its rounding."""

from __future__ import annotations

import numpy as np

from flows.definitions.models import Text
from flows.definitions.target_recipe import TargetRecipe
from flows.ingest.cbs_areas import Redivided
from flows.weighting.area_targets import AreaTargets


def rule(recipe: TargetRecipe, redivided: Redivided | None) -> Text:
    """The steps from the source's figures to those of the table."""
    nl: list[str] = []
    en: list[str] = []
    if recipe.parts:
        nl.append("De percentages zijn vermenigvuldigd met het aantal waarvan ze een deel zijn.")
        en.append("The percentages were multiplied by the number they are part of.")
        if all(part.column is not None for part in recipe.parts):
            nl.append("Ze zijn geschaald, zodat de delen samen dat aantal zijn.")
            en.append("They were scaled, so that the parts add up to that number.")
    else:
        nl.append("De cijfers per postcode of gemeente zijn opgeteld.")
        en.append("The figures by postcode or municipality were added up.")
    if recipe.ages or recipe.people:
        nl.append(
            "Een leeftijdsklasse die maar voor een deel meetelt, is gelijk verdeeld over haar "
            "jaren: 18 en 19 jaar is twee vijfde van 15 tot en met 19 jaar."
        )
        en.append(
            "An age class that counts only in part was shared out evenly over its years: 18 and "
            "19 are two fifths of 15 to 19."
        )
    if redivided is not None:
        people = dict(zip(redivided.account["way"], redivided.account["people"], strict=True))
        moved = people.get("merged", 0) + people.get("split", 0)
        nl.append(
            f"Gemeenten zijn omgezet met {recipe.redivision}: {_dutch(moved)} mensen in "
            "gemeenten die samengingen of werden verdeeld (per postcode), en "
            f"{_dutch(people.get('no name', 0))} in postcodes zonder gemeente."
        )
        en.append(
            f"Municipalities were converted by {recipe.redivision}: {moved:,.0f} people in "
            "municipalities that merged or were split (by postcode), and "
            f"{people.get('no name', 0):,.0f} in postcodes without a municipality."
        )
    if recipe.whole:
        nl.append("Hele aantallen zijn gemaakt met de grootste resten, per gebied.")
        en.append("Whole numbers were made by largest remainder, per area.")
    return Text(nl=" ".join(nl), en=" ".join(en))


def rounding(targets: AreaTargets) -> Text | None:
    """By how much the sums of the parts miss the published totals, in words."""
    if np.isnan(targets.published).any():
        return None
    gap = targets.difference
    worst = int(np.argmax(np.abs(gap)))
    total, whole = gap.sum(), targets.published.sum()
    if not np.abs(gap).max() > 1e-6:
        return Text(
            nl="De delen zijn samen gelijk aan het totaal van de bron.",
            en="The parts add up to the total of the source.",
        )
    if len(gap) == 1:
        return Text(
            nl=f"De delen zijn samen {_dutch(abs(total))} mensen "
            f"{'meer' if total > 0 else 'minder'} dan het totaal van de bron "
            f"({_dutch(whole)}), door afronding van de cijfers; de delen gelden.",
            en=f"The parts are {abs(total):,.0f} people {'more' if total > 0 else 'fewer'} "
            f"together than the total of the source ({whole:,.0f}), since figures are rounded; "
            "the parts hold.",
        )
    return Text(
        nl="Door afronding van de cijfers zijn de delen samen niet gelijk aan het totaal van de "
        f"bron: per gebied hoogstens {_dutch(abs(gap[worst]))} mensen verschil "
        f"({targets.areas[worst]}), over alle gebieden {_dutch(total)}; de delen gelden.",
        en="Since figures are rounded, the parts do not add up to the total of the source: at "
        f"most {abs(gap[worst]):,.0f} people in an area ({targets.areas[worst]}), {total:,.0f} "
        "over all areas; the parts hold.",
    )


def _dutch(number: float) -> str:
    return f"{number:,.0f}".replace(",", ".")

"""What else changed between two waves, so that a change may be no change of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flows.definitions.models import Language, Wave

What = Literal["mode", "population", "frame", "selection", "weighting", "merged levels", "model"]

_OF_WAVE: tuple[What, ...] = ("mode", "population", "frame", "selection")
NOTHING = {"nl": "niet vermeld", "en": "not told"}


@dataclass(frozen=True)
class Break:
    """One thing that is not the same in both waves."""

    what: What
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """The break in one sentence."""
        return f"Another {_NAMES[self.what]}: first “{self.before}”, then “{self.after}”."


_NAMES: dict[What, str] = {
    "mode": "way of asking",
    "population": "population",
    "frame": "frame",
    "selection": "selection of participants",
    "weighting": "set of weighting variables",
    "merged levels": "merging of weighting levels",
    "model": "version of the profile model",
}


def breaks_between(
    before: Wave,
    after: Wave,
    weighting: Sequence[Mapping[str, Any]],
    versions: Sequence[str | None],
    language: Language = "en",
) -> tuple[Break, ...]:
    """What differs between the waves as defined, weighted and typed.

    `weighting`: the stored summary of each wave's weighting; `versions`: the profile model each
    wave was typed by, None where it was not typed.
    """
    found = []
    for what in _OF_WAVE:
        texts = [getattr(wave, what) for wave in (before, after)]
        if texts[0].nl != texts[1].nl:
            found.append(Break(what, *(text[language] or NOTHING[language] for text in texts)))
    margins = [
        ", ".join(sorted(str(margin["margin"]) for margin in made.get("margins", ())))
        for made in weighting
    ]
    if margins[0] != margins[1]:
        found.append(Break("weighting", *(each or "none" for each in margins)))
    merged = [_merged(made) for made in weighting]
    if merged[0] != merged[1]:
        found.append(Break("merged levels", *(each or "none" for each in merged)))
    if versions[0] != versions[1]:
        found.append(Break("model", *(each or "not typed" for each in versions)))
    return tuple(found)


def _merged(made: Mapping[str, Any]) -> str:
    levels = {f"{each['margin']} {each['level']}" for each in made.get("collapsed", ())}
    groups = {str(each["group"]) for each in made.get("joined", ())}
    return ", ".join(sorted(levels | groups))

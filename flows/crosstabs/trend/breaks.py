"""What else changed between two waves, so that a change may be no change of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flows.crosstabs.trend.texts import text_of
from flows.definitions.models import Text
from flows.definitions.waves import Wave

What = Literal["mode", "population", "frame", "selection", "weighting", "merged levels", "model"]

_OF_WAVE: tuple[What, ...] = ("mode", "population", "frame", "selection")


@dataclass(frozen=True)
class Break:
    """One thing that is not the same in both waves."""

    what: What
    before: Text
    after: Text

    @property
    def sentence(self) -> Text:
        """The break in one sentence."""
        what = text_of(f"break.{self.what}")
        return text_of("break", what=what, before=self.before, after=self.after)


def breaks_between(
    before: Wave,
    after: Wave,
    weighting: Sequence[Mapping[str, Any]],
    versions: Sequence[str | None],
) -> tuple[Break, ...]:
    """What differs between the waves as defined, weighted and typed.

    `weighting`: the stored summary of each wave's weighting; `versions`: the profile model each
    wave was typed by, None where it was not typed.
    """
    found = []
    for what in _OF_WAVE:
        texts = [getattr(wave, what) for wave in (before, after)]
        if texts[0].nl != texts[1].nl:
            told = (text if text.nl else text_of("break.untold") for text in texts)
            found.append(Break(what, *told))
    margins = [
        ", ".join(sorted(str(margin["margin"]) for margin in made.get("margins", ())))
        for made in weighting
    ]
    merged = [_merged(made) for made in weighting]
    lists: tuple[tuple[What, list[str]], ...] = (("weighting", margins), ("merged levels", merged))
    for what, names in lists:
        if names[0] != names[1]:
            found.append(Break(what, *(_or(each, "none") for each in names)))
    if versions[0] != versions[1]:
        found.append(Break("model", *(_or(each, "break.untyped") for each in versions)))
    return tuple(found)


def _or(told: str | None, instead: str) -> Text:
    return Text(nl=told, en=told) if told else text_of(instead)


def _merged(made: Mapping[str, Any]) -> str:
    levels = {f"{each['margin']} {each['level']}" for each in made.get("collapsed", ())}
    groups = {str(each["group"]) for each in made.get("joined", ())}
    return ", ".join(sorted(levels | groups))

"""Portraits of profiles as a page to print and as plain values, all from published cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from flows.crosstabs.cells import STATISTICS
from flows.crosstabs.portraits import Portrait, Trait, TraitGroup
from flows.crosstabs.tables import Cell, Flag, Verdict
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Language, Text
from flows.dossiers.facts import ProfileFacts
from flows.dossiers.portrait_texts import say
from flows.dossiers.reading import asked
from flows.dossiers.texts import Words, words
from flows.pages import page_template

MOST_MADE_OF = 3
MOST_DIFFERS = 3
"""Traits a dimension on the page; the files beside it have all."""

SCHEMA = "themadossier/portraits"
COLUMNS = (
    "survey", "wave", "model", "profile", "part", "dimension", "rank", "table", "question",
    "item", "answer", "statistic", "basis", "value", "low", "high", "everybody", "n", "verdict",
    "flag",
)  # fmt: skip


@dataclass(frozen=True)
class PortraitFacts:
    """What the page says besides its figures.

    `concept`: the model is a draft. `steady`: whether other participants would have led to about
    the same profiles. `respondents`: people in the tables. `shorts`: short titles by the code of
    their question.
    """

    survey: str
    title: Text
    wave: str
    period: Text
    frame: Text
    selection: Text
    coverage: Text
    publisher: Text
    contact: Text
    usage: Text
    profiles: tuple[ProfileFacts, ...]
    publication: Publication
    model: str
    respondents: int
    concept: bool = True
    steady: bool = True
    simulated: bool = False
    research_exercise: bool = False
    shorts: tuple[tuple[str, Text], ...] = ()

    def profile(self, code: str) -> ProfileFacts:
        """How a profile is called."""
        return next(profile for profile in self.profiles if profile.code == code)


def sentence(trait: Trait, profile: ProfileFacts, facts: PortraitFacts, language: Language) -> str:
    """A trait as a sentence: what the profile's people say, and everybody."""
    wording = words(language)
    identity, row = trait.identity, trait.row
    text = identity.text[language].strip()
    base = identity.base_text
    label = row.label[language]
    values = {
        "profile": _group(profile, wording),
        "value": _figure(trait.own, row.kind, wording),
        "total": _figure(trait.everybody, row.kind, wording),
        "base": base[language] if base is not None else wording("everyone"),
        "answer": label,
    }
    agreed = None if "?" in text or row.kind == "mean" else wording.agreed(label)
    if agreed is not None:
        return wording(
            "finding.cover_statement", statement=text.rstrip(" ."), agreed=agreed, **values
        )
    short = next((s for code, s in facts.shorts if code == identity.question), None)
    topic = short[language] if short is not None and identity.item is None else asked(text)
    topic = topic.rstrip(" .")
    stopped = topic.endswith(("?", "!"))
    key = "share"
    if row.kind == "mean":
        key = "mean"
    elif identity.multiple:
        key = "multiple"
    elif "?" not in text and identity.item is None:
        key = "level"
    if stopped:
        return say(language, key, topic=topic, **values)
    told = say(language, key, topic="", **values).strip()
    return f"{topic}: {told[:1].lower()}{told[1:]}"


def portrait_page(
    portraits: Sequence[Portrait],
    facts: PortraitFacts,
    language: Language,
    *,
    other: str | None = None,
    beside: str = "portraits.csv",
) -> str:
    """Self-contained HTML in one language: a card a profile, each on a page of its own in print.

    `other`: name of the same page in the other language; `beside`: the file that has all traits.
    """
    wording = words(language)
    cards = [
        {
            "portrait": portrait,
            "profile": (profile := facts.profile(portrait.profile)),
            "name": profile.label[language],
            "size": _size(portrait, language),
            "made_of": _shown(portrait.made_of, profile, facts, language, MOST_MADE_OF),
            "differs": _shown(portrait.differs, profile, facts, language, MOST_DIFFERS),
            "found": sum(len(group.traits) for group in portrait.differs),
        }
        for portrait in portraits
    ]
    status = [
        wording(key)
        for told, key in (
            (facts.simulated, "status.simulated"),
            (facts.research_exercise, "status.exercise"),
            (facts.concept, "status.concept"),
        )
        if told
    ]
    selection = facts.selection[language].strip().rstrip(".")
    return page_template("flows.dossiers", "portraits.html.j2").render(
        language=language,
        facts=facts,
        cards=cards,
        status=status,
        other=other,
        beside=beside,
        count=wording.integer(facts.respondents),
        points=wording.plain(facts.publication.minimum_points),
        sd=wording.plain(facts.publication.minimum_sd),
        selection=f"{selection[:1].upper()}{selection[1:]}.",
        say=lambda key, **values: say(language, key, **values),
    )


def portraits_json(portraits: Sequence[Portrait], facts: PortraitFacts) -> dict[str, Any]:
    """All portraits as plain values with their sentences; numbers rounded as published."""
    return {
        "schema": SCHEMA,
        "schema_version": 1,
        "survey": facts.survey,
        "wave": facts.wave,
        "model": facts.model,
        "concept": facts.concept,
        "steady": facts.steady,
        "simulated": facts.simulated,
        "research_exercise": facts.research_exercise,
        "respondents": facts.respondents,
        "basis": "measured",
        "publication": facts.publication.model_dump(),
        "profiles": [_profile_json(portrait, facts) for portrait in portraits],
    }


def portraits_frame(portraits: Sequence[Portrait], facts: PortraitFacts) -> pd.DataFrame:
    """Every trait as a line of `COLUMNS`; shares are 0-1 in whole per cents.

    `part`: `made_of` (untested, the profiles were made with it) or `differs`. `rank`: place in
    its part and dimension, strongest first.
    """
    lines = [
        (
            facts.survey, facts.wave, facts.model, portrait.profile, part, group.dimension, rank,
            trait.identity.number, trait.identity.question, trait.identity.item or "",
            trait.row.code, STATISTICS[trait.row.kind], "measured", trait.own.value,
            trait.own.low, trait.own.high, trait.everybody.value, trait.n, trait.verdict.value,
            trait.own.flag.value,
        )
        for portrait in portraits
        for part, groups in (("made_of", portrait.made_of), ("differs", portrait.differs))
        for group in groups
        for rank, trait in enumerate(group.traits, start=1)
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _profile_json(portrait: Portrait, facts: PortraitFacts) -> dict[str, Any]:
    profile, size = facts.profile(portrait.profile), portrait.size
    return {
        "code": portrait.profile,
        "name": profile.label.model_dump(),
        "alias": profile.alias.model_dump(),
        "public": profile.public,
        "description": profile.description.model_dump() if profile.description else None,
        "n": size.n if size else None,
        "share": size.share if size else None,
        "low": size.low if size else None,
        "high": size.high if size else None,
        "made_of": [_group_json(group, profile, facts) for group in portrait.made_of],
        "differs": [_group_json(group, profile, facts) for group in portrait.differs],
    }


def _group_json(group: TraitGroup, profile: ProfileFacts, facts: PortraitFacts) -> dict[str, Any]:
    return {
        "dimension": group.dimension,
        "traits": [
            {
                "table": trait.identity.number,
                "answer": trait.row.code,
                "statistic": STATISTICS[trait.row.kind],
                "value": trait.own.value,
                "low": trait.own.low,
                "high": trait.own.high,
                "everybody": trait.everybody.value,
                "n": trait.n,
                "verdict": trait.verdict.value,
                "flag": trait.own.flag.value,
                "sentence": {
                    "nl": sentence(trait, profile, facts, "nl"),
                    "en": sentence(trait, profile, facts, "en"),
                },
            }
            for trait in group.traits
        ],
    }


def _shown(
    groups: Sequence[TraitGroup],
    profile: ProfileFacts,
    facts: PortraitFacts,
    language: Language,
    most: int,
) -> list[dict[str, Any]]:
    return [
        {
            "title": words(language)(f"dimension.{group.dimension}"),
            "traits": [
                {
                    "sentence": sentence(trait, profile, facts, language),
                    "question": _question(trait, language),
                    "mark": say(language, trait.verdict.value)
                    if trait.verdict is not Verdict.NONE
                    else "",
                    "bars": _bars(trait),
                }
                for trait in group.traits[:most]
            ],
        }
        for group in groups
    ]


def _question(trait: Trait, language: Language) -> str:
    """The question a grid item belongs to, where its statement alone does not ask anything."""
    identity = trait.identity
    if identity.item is None or words(language).agreed(trait.row.label[language]) is not None:
        return ""
    return say(language, "question", text=asked(identity.question_text[language].strip()))


def _bars(trait: Trait) -> tuple[float, float] | None:
    """Widths in per cents for the profile and for everybody; a mean has no bar."""
    own, everybody = trait.own.value, trait.everybody.value
    if trait.row.kind == "mean" or own is None or everybody is None:
        return None
    return round(100 * own, 1), round(100 * everybody, 1)


def _size(portrait: Portrait, language: Language) -> str:
    size, wording = portrait.size, words(language)
    if size is None or size.share is None or size.low is None or size.high is None:
        return say(language, "size_hidden")
    share, low, high = (wording.percent(x) for x in (size.share, size.low, size.high))
    return say(language, "size", share=share, low=low, high=high, n=wording.integer(size.n))


def _group(profile: ProfileFacts, wording: Words) -> str:
    """A profile inside a sentence: 'de Bescheiden Grijzen', but 'Profiel 3'."""
    name = profile.label[wording.language]
    return name if name[-1:].isdigit() else wording("group", name=name)


def _figure(cell: Cell, kind: str, wording: Words) -> str:
    assert cell.value is not None
    text = wording.decimal(cell.value) if kind == "mean" else wording.percent(cell.value)
    return f"{wording('word.about')} {text}" if cell.flag is Flag.INDICATIVE else text

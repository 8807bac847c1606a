"""The wording of the portraits page, in Dutch (B1 level) and English."""

from __future__ import annotations

from flows.definitions.models import Language

NL: dict[str, str] = {
    "title": "Portretten van de profielen",
    "lead": (
        "Per profiel leest u waarin het verschilt van alle anderen. Elk cijfer is gemeten bij "
        "{n} deelnemers, {period}."
    ),
    "other_language": "Read this page in English",
    "contents": "Op deze pagina",
    "alias": "Neutrale naam: {alias}",
    "no_description": "Dit profiel heeft nog geen beschrijving.",
    "size": (
        "{share} van alle deelnemers, gewogen (waarschijnlijk tussen {low} en {high}). "
        "{n} deelnemers."
    ),
    "size_hidden": "Over dit profiel zijn er te weinig deelnemers om cijfers te geven.",
    "made_of": "Waar dit profiel van gemaakt is",
    "made_of_note": (
        "Met deze vragen en kenmerken zijn de profielen gemaakt. De profielen verschillen hier dus "
        "vanzelf. Daarom staan er geen pijlen bij."
    ),
    "made_of_none": "Op de vragen waarmee de profielen zijn gemaakt, valt dit profiel niet op.",
    "differs": "Waarin dit profiel verder verschilt",
    "differs_none": (
        "Op de andere vragen is er geen verschil dat groter is dan toeval en groot genoeg om te "
        "noemen."
    ),
    "more": "Alle {n} verschillen staan in {file}.",
    "higher": "▲ hoger dan alle anderen",
    "lower": "▼ lager dan alle anderen",
    "share": "{topic} Van {profile} antwoordt {value} '{answer}'. Van {base} is dat {total}.",
    "level": "{topic} Bij {value} van {profile} is dit '{answer}'. Bij {base} is dat {total}.",
    "multiple": "{topic} Van {profile} noemt {value} '{answer}'. Van {base} is dat {total}.",
    "mean": "{topic} Het gemiddelde van {profile} is {value}. Van {base} is dat {total}.",
    "question": "Vraag: {text}",
    "key_own": "dit profiel",
    "key_all": "alle deelnemers",
    "reading": "Hoe u dit leest",
    "assigned": (
        "De cijfers gaan over mensen die bij een profiel zijn ingedeeld. Een profiel is een "
        "samenvatting van antwoorden. Het zegt niet hoe een bepaald mens is, en ook niet wie er in "
        "een straat woont. De profielen gaan in elkaar over."
    ),
    "cause": "De cijfers laten zien wat samengaat. Zij zeggen niet wat de oorzaak is.",
    "tested": (
        "Genoemd is wat groter is dan toeval, over alle vragen samen bekeken, en ten minste "
        "{points} procentpunt (bij een gemiddelde: {sd} van de gewone spreiding). Het sterkste "
        "verschil staat voorop."
    ),
    "few": (
        "Over een groep van minder dan {minimum} deelnemers staan hier geen cijfers. 'circa' "
        "betekent: weinig deelnemers, of deelnemers met ongelijke gewichten."
    ),
    "panel": (
        "De deelnemers komen uit: {frame}. {selection} De marge zegt alleen iets over toeval. "
        "{coverage}"
    ),
    "unsteady": (
        "Deze profielen zijn niet stabiel: met andere deelnemers waren er andere profielen uit "
        "gekomen. Gebruik de portretten alleen om de gegevens te leren kennen."
    ),
    "model": "Profielmodel {version}. {publisher}. {usage} Vragen: {contact}",
}

EN: dict[str, str] = {
    "title": "Portraits of the profiles",
    "lead": (
        "For each profile you read in what it differs from all others. Every figure was measured "
        "among {n} participants, {period}."
    ),
    "other_language": "Lees deze pagina in het Nederlands",
    "contents": "On this page",
    "alias": "Neutral name: {alias}",
    "no_description": "This profile has no description yet.",
    "size": (
        "{share} of all participants, weighted (probably between {low} and {high}). "
        "{n} participants."
    ),
    "size_hidden": "There are too few participants with this profile to give figures.",
    "made_of": "What this profile is made of",
    "made_of_note": (
        "The profiles were made with these questions and traits, so here they differ of "
        "themselves. That is why there are no arrows."
    ),
    "made_of_none": "On the questions that made the profiles, this profile does not stand out.",
    "differs": "In what else this profile differs",
    "differs_none": (
        "On the other questions there is no difference beyond chance that is large enough to "
        "mention."
    ),
    "more": "All {n} differences are in {file}.",
    "higher": "▲ higher than all others",
    "lower": "▼ lower than all others",
    "share": "{topic} Of {profile}, {value} answer '{answer}'. Of {base} this is {total}.",
    "level": "{topic} For {value} of {profile} this is '{answer}'. For {base} it is {total}.",
    "multiple": "{topic} Of {profile}, {value} mention '{answer}'. Of {base} this is {total}.",
    "mean": "{topic} The mean of {profile} is {value}. Of {base} it is {total}.",
    "question": "Question: {text}",
    "key_own": "this profile",
    "key_all": "all participants",
    "reading": "How to read this",
    "assigned": (
        "The figures are about people who were assigned to a profile. A profile is a summary of "
        "answers. It does not tell what any one person is like, nor who lives in a street. The "
        "profiles overlap."
    ),
    "cause": "The figures show what goes together. They do not tell what the cause is.",
    "tested": (
        "Mentioned is what is beyond chance, over all questions together, and at least {points} "
        "percentage points (a mean: {sd} of the ordinary spread). The strongest difference comes "
        "first."
    ),
    "few": (
        "There are no figures about a group of fewer than {minimum} participants. 'about' means: "
        "few participants, or participants with unequal weights."
    ),
    "panel": (
        "The participants come from: {frame}. {selection} The margin tells about chance only. "
        "{coverage}"
    ),
    "unsteady": (
        "These profiles are not steady: other participants would have led to other profiles. Use "
        "the portraits only to get to know the data."
    ),
    "model": "Profile model {version}. {publisher}. {usage} Questions: {contact}",
}


def say(language: Language, key: str, **values: object) -> str:
    """The text under `key`, with its blanks filled in."""
    text = (EN if language == "en" else NL)[key]
    return text.format(**values) if values else text

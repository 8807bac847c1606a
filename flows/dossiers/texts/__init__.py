"""The wording of a dossier, in Dutch and English; every sentence stands in one place.

Texts use whole words, straight quotes, no dashes as brackets and one idea a sentence.
Numbers inside a text are formatted here, because Excel does not do that for text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from flows.definitions.models import Language
from flows.dossiers.texts.en import TEXTS as EN
from flows.dossiers.texts.nl import TEXTS as NL

_MONTHS: dict[Language, str] = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}


_AGREED: dict[Language, re.Pattern[str]] = {
    "nl": re.compile(
        r"(?P<how>\(?(?:helemaal|zeer)\)? )?(?:mee )?(?P<what>eens|oneens)(?P<rest> \(.*\))?",
        re.IGNORECASE,
    ),
    "en": re.compile(
        r"(?P<how>\(?(?:totally|strongly|very much)\)? )?(?P<what>agree|disagree)"
        r"(?P<rest> \(.*\))?",
        re.IGNORECASE,
    ),
}
"""Answers on a scale of agreement, in the order in which a sentence needs their parts."""


@dataclass(frozen=True)
class Words:
    """The wording in one language, and how it writes numbers and dates."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`, with its blanks filled in."""
        text = (EN if self.language == "en" else NL)[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        return key in NL

    def agreed(self, label: str) -> str | None:
        """The label of an answer as part of 'is het ... met'; None where it is no agreement."""
        found = _AGREED[self.language].fullmatch(label.strip())
        return found.expand(r"\g<how>\g<what>\g<rest>").lower() if found else None

    def integer(self, number: float) -> str:
        """9.874 in Dutch, 9,874 in English."""
        text = f"{round(number):,d}"
        return text.replace(",", ".") if self.language == "nl" else text

    def decimal(self, number: float, digits: int = 1) -> str:
        """3,3 in Dutch, 3.3 in English."""
        text = f"{number:,.{digits}f}"
        if self.language == "en":
            return text
        return text.replace(",", " ").replace(".", ",").replace(" ", ".")

    def percent(self, share: float) -> str:
        """48% for the share .48."""
        return f"{round(share * 100)}%"

    def plain(self, number: float) -> str:
        """A setting: 5 rather than 5,0; 0,2 where there are decimals."""
        return self.integer(number) if float(number).is_integer() else self.decimal(number)

    def day(self, day: date) -> str:
        """7 september 2026 / 7 September 2026."""
        return f"{day.day} {_MONTHS[self.language].split()[day.month - 1]} {day.year}"

    def period(self, start: date, end: date) -> str:
        """van 7 september tot en met 4 oktober 2026."""
        first = self.day(start)
        if start.year == end.year:
            first = first.rsplit(" ", 1)[0]
        return self("period.from_to", start=first, end=self.day(end))

    def listing(self, parts: list[str]) -> str:
        """a, b en c."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self('and')} {parts[-1]}"


def words(language: Language) -> Words:
    """The wording in a language."""
    return Words(language)

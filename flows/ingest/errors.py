"""Refusals of the ingest stage."""

from __future__ import annotations

from collections.abc import Sequence

from flows.errors import Refusal


class UnreadableFile(Refusal):
    """A file that cannot be read as the table of answers its name promises."""


class MissingColumns(Refusal):
    """Columns that the questionnaire names and the file lacks."""


class UnknownCodes(Refusal):
    """Columns most of whose codes the questionnaire does not know."""


class TooFewRespondents(Refusal):
    """Too few respondents remain for weighted tables."""


class Strangers(Refusal):
    """Most people of a file are not in the wave that holds their background."""


class NotInWave(Refusal):
    """A variable is asked for that the answers do not hold."""


def listed(items: Sequence[str], most: int = 8) -> str:
    """`a, b, c`, or the first few and how many more there are."""
    shown = ", ".join(items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown

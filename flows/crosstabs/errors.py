"""What can make a cross-tab impossible."""

from __future__ import annotations

from flows.errors import Refusal


class CrosstabError(Refusal):
    """Answers, profiles or weights from which no table can be made."""

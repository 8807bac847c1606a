"""What can make a profile model impossible."""

from __future__ import annotations

from flows.errors import Refusal


class ProfileError(Refusal):
    """Answers or a plan from which no profiles can be made or assigned."""

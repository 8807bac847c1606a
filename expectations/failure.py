"""What a rule found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True)
class Failure:
    """One value that a rule refuses.

    `row` is the row of the file (1 = first under the header), by which two rows of the same
    respondent are told apart. `severity`: `critical` takes out the person, the others only
    this answer.
    """

    respondent: str
    rule: str
    column: str
    value: str
    severity: Severity
    row: int = 0

"""What the auditor reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Leak:
    """A number that should not be known, or a rule that is broken.

    `kind`: `solved` (a hidden number is bounded), `left` (a trace of a hidden number stands in
    a file), `rule` (a shown number breaks a rule of publication) or `contradiction` (the
    numbers of a table cannot all be true, so what they hide cannot be judged). `cell`: table,
    row and column in words. `low`, `high`: what is known of it, in the unit of the table.
    `through`: what it follows from.
    """

    file: str
    kind: str
    cell: str
    told: str
    low: float | None = None
    high: float | None = None
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        through = f"; through {', '.join(self.through)}" if self.through else ""
        return f"{self.file}: {self.cell}: {self.told}{through}"


@dataclass(frozen=True)
class Tightest:
    """The hidden number that is bounded most narrowly, of those that are not solved."""

    file: str
    cell: str
    low: float
    high: float


@dataclass(frozen=True)
class Audit:
    """The result: `leaks`, and what was looked at.

    `hidden`: hidden numbers that were attacked. `bounded`: "less than" numbers. `unjudged`:
    hidden numbers the auditor has no equations for. `notes`: what could not be audited.
    `guessed`: files without a codebook, which cannot be audited fully.
    """

    leaks: tuple[Leak, ...]
    files: int
    tables: int
    shown: int
    hidden: int
    below: int
    unjudged: int
    tightest: Tightest | None
    notes: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

"""What can be wrong with a definition, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass

from flows.errors import Refusal

Place = tuple[str | int, ...]
"""The way to a part of a definition file: keys and positions."""

Finding = tuple[str, Place, str, str]
"""File (without .yaml), place in it, message, remedy."""


@dataclass(frozen=True, order=True)
class Fault:
    """One fault in a definition file: where it stands, what is wrong, what to do."""

    file: str
    line: int
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" + (f" {self.remedy}" if self.remedy else "")


class DefinitionError(Refusal):
    """A survey definition that cannot be used; carries every fault found."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

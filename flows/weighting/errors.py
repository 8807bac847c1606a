"""Refusals of the weighting stage."""

from __future__ import annotations

from flows.errors import Refusal


class CalibrationError(Refusal):
    """Weights that meet the targets cannot be made, or the request is unclear.

    `margin`, `level`: where it fails, where one place can be named. `wanted`: the target, in
    the unit it was given in. `possible`: the nearest that can be reached, same unit.
    """

    def __init__(
        self,
        message: str,
        *,
        margin: str | None = None,
        level: str | None = None,
        wanted: float | None = None,
        possible: float | None = None,
    ) -> None:
        super().__init__(message)
        self.margin = margin
        self.level = level
        self.wanted = wanted
        self.possible = possible


class WeightTooLarge(Refusal):
    """The weighting plan refuses weights as large as some of these."""

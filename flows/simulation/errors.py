"""What can be wrong with a request to simulate a survey."""

from __future__ import annotations

from flows.errors import Refusal


class SimulationError(Refusal):
    """A survey or its simulation.yaml from which no answers can be simulated."""

"""Great Expectations suites, built from a survey's questionnaire."""

from expectations.failure import Failure

__all__ = ["Failure"]

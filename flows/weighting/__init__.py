"""Weighting: targets, schemes, trimming, diagnostics."""

from flows.weighting.calibration import calibrate
from flows.weighting.errors import CalibrationError
from flows.weighting.result import Weighting

__all__ = ["CalibrationError", "Weighting", "calibrate"]

"""Weighting: targets, schemes, trimming, diagnostics."""

from flows.weighting.calibration import calibrate
from flows.weighting.errors import CalibrationError
from flows.weighting.levels import Collapse, Collapsed
from flows.weighting.result import Weighting
from flows.weighting.trimming import Trim

__all__ = ["CalibrationError", "Collapse", "Collapsed", "Trim", "Weighting", "calibrate"]

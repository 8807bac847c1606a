"""Weighting: targets, schemes, calibration, diagnostics.

`calibrate` in the order in which it works:

1. columns, levels, groups: the answers as codes, the targets per level, who is weighted apart.
2. margins, problem: answers and targets matched, sums agreed, base weights scaled.
3. trimming, limits, checks, feasible: limits of the weights; what can be known to fail.
4. raking by `flows.statistics.raking`; or solving: Newton's method on cells of respondents.
5. calibration judges the finished weights; outcome tells about them, failing why there are none.

Around it: scheme weights a wave by its weighting.yaml, diagnostics and report tell what that did,
compare puts two schemes side by side, consultation adds the profile mix of an area.
"""

from flows.weighting.calibration import calibrate
from flows.weighting.errors import CalibrationError
from flows.weighting.levels import Collapse, Collapsed
from flows.weighting.result import Weighting
from flows.weighting.trimming import Trim

__all__ = ["CalibrationError", "Collapse", "Collapsed", "Trim", "Weighting", "calibrate"]

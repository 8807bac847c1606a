"""Numpy kernels that every stage may use: calibration, variance, intervals, tests, counting."""

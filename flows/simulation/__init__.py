"""Seeded simulation of a whole survey programme with a known truth, for demonstration and tests.

People of a small fictional world belong to latent profiles; some take part, and answer as
people do. Out come files as a field agency delivers them, and beside them the truth.
"""

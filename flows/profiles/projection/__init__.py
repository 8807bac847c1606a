"""Projection: the profile composition of areas from their demographics and a typed sample."""

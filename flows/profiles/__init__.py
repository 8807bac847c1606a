"""Engagement profiles: the segmentation model, its stability, and typing of new people."""

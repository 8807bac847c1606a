"""Dossiers: published tables in, workbooks, a tidy CSV and a manifest out."""

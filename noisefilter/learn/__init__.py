"""Corpora → `Model`, report."""

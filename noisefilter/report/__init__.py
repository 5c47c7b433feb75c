"""Scores → what a person reads."""

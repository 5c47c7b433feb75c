"""Inputs of any kind → a report to look at, and what is marked there → a corpus."""

"""Boilerplate: blocks as arrays, their columns, the networks that judge them, and their reasons."""

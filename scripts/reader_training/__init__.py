"""Labelled pages → the model `default`, whose reader is trained here, and `fast`; the library only adapts such models."""

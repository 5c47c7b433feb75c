"""Insertions in articles: their features, the networks that judge sentences and words, and where to cut."""

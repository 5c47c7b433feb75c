"""Sentences in their surroundings → which are foreign, which of their words, and what class each is of."""

"""Sentences in context → which of them and of their words are foreign, and the class of each sentence."""

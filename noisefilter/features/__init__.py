"""Blocks, sentences, articles → matrices: what is measured."""

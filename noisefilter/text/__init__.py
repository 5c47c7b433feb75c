"""Words: their offsets, sentences, language, vectors, phrases, and which words two texts share."""

"""Evidence → words: what a person reads in `Span.reason` and `Score.reasons`. Explains decisions, and makes none."""

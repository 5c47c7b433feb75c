"""Evidence → words: what a person reads in `Span.reason` and `Score.reasons`. Names what was decided; decides nothing."""

"""Pages → tasks of a labelling tool, and its annotations → a corpus."""

"""Pages made to break the library, by seed and number, and what must hold for each; `python -m tests.fuzz --help`."""

"""Records → a file: a module a format; `formats.py` lists them."""

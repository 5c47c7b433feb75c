"""Records → a file: one module per format; `formats.py` lists them."""

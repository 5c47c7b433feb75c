"""Fit a model on labelled pages of your own: `noisefilter train` as a script.

python scripts/train.py my_corpus -o models/mine
"""

from __future__ import annotations

import sys

from noisefilter.cli import app

if __name__ == "__main__":
    app(["train", *sys.argv[1:]])

"""Clean a crawl: `noisefilter clean` from a clone.

python scripts/clean.py pages.jsonl crawl/*.warc.gz -o cleaned --jobs 2
"""

from __future__ import annotations

import typer

from noisefilter.batch.command import clean

if __name__ == "__main__":
    typer.run(clean)

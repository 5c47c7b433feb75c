"""`python -m noisefilter` is `noisefilter`."""

from noisefilter.cli import app

if __name__ == "__main__":
    app(prog_name="noisefilter")

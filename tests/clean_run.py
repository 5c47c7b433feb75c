"""A run in a process of its own, to be killed: `python -m tests.clean_run INPUT OUTPUT OPTIONS LIMITS ENGINE`, all but the paths as JSON."""

from __future__ import annotations

import json
import signal
import sys

from noisefilter.batch import BatchError, Limits, Options, run


def main() -> None:
    """Run, and exit with 1 if the run cannot go on."""
    # what a shell starts in the background ignores Ctrl-C, and so would this process
    signal.signal(signal.SIGINT, signal.default_int_handler)
    source, output, options, limits, *engine = sys.argv[1:]
    try:
        where = json.loads(engine[0]) if engine else {}
        run([source], output, Options(**json.loads(options)), Limits(**json.loads(limits)), **where)
    except BatchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

"""Text of pages, names and messages → printed text, with what a terminal would obey escaped."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from rich.console import Console

LOGGER = logging.getLogger("noisefilter")
#: Characters of a line without a terminal, whose width would limit it: nothing is cut for a pipe or a file.
WIDE = 1_000_000
#: Control characters (C0, DEL, C1), what reorders or breaks a line (bidi controls, separators), what cannot be encoded.
OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
IN_A_LINE, IN_LINES = re.compile(f"[\t\n{OBEYED}]"), re.compile(f"[{OBEYED}]")


def shown(text: str, *, lines: bool = False) -> str:
    r"""The text with what a terminal would obey escaped (`\x1b`); with `lines`, line breaks and tabs stay.

    >>> print(shown("Rain\x1b[2J stops \u202eplay"))
    Rain\x1b[2J stops \u202eplay
    """
    return (IN_LINES if lines else IN_A_LINE).sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def json_line(record: Mapping[str, Any]) -> bytes:
    """The record as a line of JSON in UTF-8; what a terminal would obey is escaped as in JSON, so nothing is lost."""
    line = json.dumps(record, ensure_ascii=False)
    return IN_A_LINE.sub(lambda found: f"\\u{ord(found[0]):04x}", line).encode() + b"\n"


def counted(count: int, noun: str) -> str:
    """The count with its noun.

    >>> counted(1, "page"), counted(2000, "page")
    ('1 page', '2,000 pages')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def lenient(stream: TextIO) -> TextIO:
    """The stream, set to escape characters that its encoding lacks."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def terminal(*, stderr: bool = False) -> Console:
    """Standard output or error, `lenient` and without markup. Pipes get whole lines."""
    from rich.console import Console  # noqa: PLC0415 - what --version does not need

    stream = lenient(sys.stderr if stderr else sys.stdout)
    width = None if stream.isatty() else WIDE
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=width)


class _Printer(logging.Handler):
    """Prints what the library logs to standard error, whatever that is at the time.

    Args:
        dated: begin each line with its time and level; otherwise, only warnings and errors show their level.
    """

    def __init__(self, *, dated: bool) -> None:
        super().__init__()
        self._dated, self._formatter = dated, logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        if self._dated:
            head = f"{self._formatter.formatTime(record)} {record.levelname:<7} "
        else:
            head = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        text = f"{head}{shown(record.getMessage())}"
        if record.exc_info:
            text = f"{text}\n{shown(self._formatter.formatException(record.exc_info), lines=True)}"
        terminal(stderr=True).print(text, soft_wrap=True)


def show_log(verbose: bool | None = None) -> None:  # noqa: FBT001 - typer calls it so
    """Print what the library logs: notes; if `verbose` is true, also what it does; if it is false, only errors."""
    for handler in [handler for handler in LOGGER.handlers if isinstance(handler, _Printer)]:
        LOGGER.removeHandler(handler)
    LOGGER.addHandler(_Printer(dated=bool(verbose)))
    LOGGER.setLevel({None: logging.INFO, True: logging.DEBUG, False: logging.ERROR}[verbose])


def is_quiet() -> bool:
    """Whether only errors are printed."""
    return LOGGER.getEffectiveLevel() > logging.WARNING


def say(*lines: str) -> None:
    """Give a note: on standard error in a command, in the log elsewhere."""
    for line in lines:
        LOGGER.info("%s", line)


def lines_of(error: Exception) -> tuple[str, ...]:
    """Lines of an error's message: one per argument if there are several; the system's, with its file, without a number."""
    if isinstance(error, OSError) and error.strerror:
        return (f"{error.filename}: {error.strerror}" if error.filename else error.strerror,)
    return tuple(map(str, error.args)) if len(error.args) > 1 else (str(error),)

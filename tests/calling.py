"""The command line, called as a user would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from noisefilter.cli import app

if TYPE_CHECKING:
    from typer.testing import Result


def call(*arguments: str, standard_input: str | bytes | None = None) -> Result:
    """What `noisefilter` prints, and with what it exits; an exception is one here, too."""
    return CliRunner().invoke(app, list(arguments), input=standard_input, catch_exceptions=False)

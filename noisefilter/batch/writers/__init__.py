"""Records → a file: one module per format, which `formats.py` lists; here is what they share."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from noisefilter.page import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping


#: In JSON, an escaped backslash or a pair of surrogates, which stay, or a lone surrogate.
SURROGATES = re.compile(r"(\\\\|\\ud[89ab]..\\ud[c-f]..)|\\ud[89a-f]..")


class Writer(Protocol):
    """Takes records one by one; `close` finishes the file."""

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record."""

    def close(self) -> None:
        """Finish the file."""


def to_json(value: object) -> str:
    """A value as ASCII JSON; U+FFFD for lone surrogates, which other readers refuse, and null for NaN and infinity."""
    try:
        text = json.dumps(value, default=as_json, allow_nan=False)
    except ValueError:
        text = json.dumps(json.loads(json.dumps(value, default=as_json), parse_constant=lambda _: None))
    return SURROGATES.sub(lambda found: found[1] or "\\ufffd", text) if "\\ud" in text else text


def encodable(text: str) -> str:
    """The text, with U+FFFD for lone surrogates, which cannot be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return scrub(text)
    return text


def as_json(value: object) -> str:
    """A value for which JSON has no type, as text: bytes in base64, whatever they are, so that a column has one encoding."""
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)

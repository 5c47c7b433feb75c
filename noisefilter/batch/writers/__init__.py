"""Records → a file: one module per format, which `formats.py` lists; here is what they share."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Writer(Protocol):
    """Takes records one by one; `close` finishes the file."""

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a record."""

    def close(self) -> None:
        """Finish the file."""


def to_json(value: object) -> str:
    """A value as ASCII JSON, so that lone surrogates of the input come through; null for NaN and infinity."""
    try:
        return json.dumps(value, default=as_json, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(value, default=as_json), parse_constant=lambda _: None))


def as_json(value: object) -> object:
    """A value for which JSON has no type, as text: bytes decoded if they are UTF-8, else in base64."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    return str(value)

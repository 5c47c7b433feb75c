"""Tree → where it asks for an e-mail address: there is a form or an offer, and no article."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noisefilter.html.tags import BLOCK, role_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement


def field_holders(inputs: Iterable[HtmlElement]) -> frozenset[HtmlElement]:
    """The nearest block-level elements around those of the inputs that are fields for an e-mail address."""
    found = set()
    for element in inputs:
        if element.get("type", "").lower() == "email":
            holder = element.getparent()
            while holder is not None and role_of(holder.tag) is not BLOCK:
                holder = holder.getparent()
            found.add(holder)
    return frozenset(found - {None})

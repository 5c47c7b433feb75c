"""Elements → whether a reader is to see them: pictures that only count readers are out of sight."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from noisefilter.html.cleaning.allowed import is_picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

#: Pixels a side, or less: nothing to see.
SPECK = 2
#: What a script is to load counts as what the picture shows: without it there is only a placeholder.
LAZY = {"src": ("data-src", "data-lazy-src", "data-original"), "srcset": ("data-srcset", "data-lazy-srcset")}
#: Names that pages give to counting pixels, alone or as a part of longer ones, and where names stand.
COUNTER_NAME = re.compile(
    r"(?:^|[\s_-])(?i:track(?:er|ing)(?:pixel)?|beacon|pixel|web-?bug|statcounter|1x1)(?![a-z0-9])"
)
NAMES = ("class", "id", "name")
#: A size as attributes and styles write it: number and unit.
SIZE = re.compile(r"\s*(?:(?:calc|min)\(\s*)?\+?((?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)\s*([a-z%]*)", re.IGNORECASE)
#: Units that are no longer than a few pixels.
SHORT_UNITS = frozenset(("", "px", "pt", "%", "mm", "q"))
#: Names of a side that go by the direction of writing.
SIDES = {"inline-size": "width", "block-size": "height", "max-inline-size": "max-width", "max-block-size": "max-height"}
#: Shares of an element that a style may leave of it, and the least that is seen.
SHARES, FAINT = ("opacity", "zoom", "scale"), 0.05
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
#: Properties that move an element, and lengths that move it off any screen.
MOVING = re.compile(r"left|right|top|bottom|inset.*|margin.*|transform|translate|text-indent")
FAR = re.compile(r"-\s*(?:[5-9]\d\d|\d{4,})|(?<![\d.])(?:9\d{3}|\d{5,})")
#: With these, what cannot be seen yet will be.
FADING = frozenset(("transition", "animation", "will-change"))
#: Next.js writes `width="0" height="0"` on pictures whose size a class says.
SIZED_BY_CLASS = "data-nimg"
#: Cut to nothing.
CLIPPED = re.compile(
    r"rect\([\s,]*(?:[01](?:px)?[\s,]*){4}\)|inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|scale[xy3d]*\(\s*0*(?:\.0\d*)?\s*[,)]"
    r"|opacity\(\s*0*(?:\.0\d*)?%?\s*\)"
)


def addresses(picture: HtmlElement) -> dict[str, str]:
    """`src` and `srcset` of a picture, if there are any: those that a script is to load, else its own."""
    found = {}
    for name, lazy in LAZY.items():
        value = next((value for value in map(picture.get, (*lazy, name)) if value and value.strip()), None)
        if value is not None:
            found[name] = value
    return found


def is_counter(picture: HtmlElement) -> bool:
    """Whether an `img`, `picture` or `source` is there to be counted rather than seen, or shows nothing at all."""
    if picture.tag == "picture":
        return is_out_of_sight(picture) or any(map(is_counter, islice(picture.iter("img"), 1)))
    found = addresses(picture)
    if picture.tag == "source":
        return "srcset" not in found or is_out_of_sight(picture)
    if is_out_of_sight(picture) or _is_invisible(picture):
        return True
    if (picture.get("alt") or "").strip():
        return False
    if "srcset" not in found and not is_picture(found.get("src", "none:")):
        return True
    sized = picture.get("width") or picture.get("height") or _declared(picture).keys() & {"width", "height"}
    return not sized and COUNTER_NAME.search(" ".join(picture.get(name, "") for name in NAMES)) is not None


def is_out_of_sight(element: HtmlElement) -> bool:
    """Whether its author took an element off the screen; one that is to slide or fade in is not meant."""
    if "hidden" in element.attrib:
        return True
    style = _declared(element)
    return (
        style.get("display") == "none"
        or all(_is_speck(element, style, side) for side in ("width", "height"))
        or any(FAR.search(value) for name, value in style.items() if MOVING.fullmatch(name))
    )


def _is_invisible(picture: HtmlElement) -> bool:
    """Whether nothing of a picture is left to see where it stands."""
    style = _declared(picture)
    shares = (_number(style.get(name, "")) for name in SHARES)
    return (
        any(_is_speck(picture, style, side) for side in ("width", "height"))
        or style.get("visibility") in {"hidden", "collapse"}
        or (style.keys().isdisjoint(FADING) and any(share is not None and share <= FAINT for share in shares))
        or any(CLIPPED.search(style.get(name, "")) for name in ("clip", "clip-path", "transform", "filter"))
    )


def _declared(element: HtmlElement) -> Mapping[str, str]:
    """What an element's style says, by property."""
    style = element.get("style")
    if not style:
        return {}
    pairs = (part.partition(":") for part in COMMENT.sub("", style).lower().split(";"))
    found = {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}
    return {SIDES.get(name, name): value for name, value in found.items()}


def _is_speck(element: HtmlElement, style: Mapping[str, str], side: str) -> bool:
    """Whether a side is too short to be seen; a style overrules an attribute."""
    least = _number(style.get(f"min-{side}", ""))
    if least is not None and least > SPECK:
        return False
    sizes = [style[name] for name in (side, f"max-{side}") if name in style]
    if not sizes and element.tag in {"img", "image", "source"} and SIZED_BY_CLASS not in element.attrib:
        sizes = [element.get(side, "")]
    return any(size is not None and size <= SPECK for size in map(_number, sizes))


def _number(value: str) -> float | None:
    """A size in pixels, roughly, if it is one; lengths that go by type or screen count as many."""
    found = SIZE.match(value)
    if found is None:
        return None
    return float(found[1]) * (1 if found[2] in SHORT_UNITS else 16)

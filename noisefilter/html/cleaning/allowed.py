"""HTML → the HTML that may come out: elements, attributes and addresses by list, as a browser parses them."""

from __future__ import annotations

import re

import nh3

#: Elements that may come out. None of them runs, loads or sends anything but `img` and `source`, and none is parsed as raw text.
ELEMENTS = frozenset(
    "a abbr address article aside b bdi bdo big blockquote br caption cite code col data dd del details dfn div dl dt em "
    "figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main mark nav ol p picture pre q rb rp rt "
    "rtc ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul "
    "var wbr".split()
)
#: Attributes that may come out: of every element ("*"), and of one.
ATTRIBUTES: dict[str, set[str]] = {
    name: set(names.split())
    for name, names in {
        "*": "dir lang title",
        "a": "href hreflang rel target",
        "blockquote": "cite",
        "code": "class",
        "col": "span",
        "data": "value",
        "del": "cite datetime",
        "details": "open",
        "img": "alt height sizes src srcset width",
        "ins": "cite datetime",
        "li": "value",
        "ol": "reversed start type",
        "pre": "class",
        "q": "cite",
        "source": "height media sizes srcset type width",
        "td": "abbr colspan rowspan",
        "th": "abbr colspan rowspan scope",
        "time": "datetime",
    }.items()
}
#: Schemes of links, and those of pictures, which load without a click. An address without a scheme is the site's own.
LINK_SCHEMES = frozenset(("", "ftp", "http", "https", "mailto", "tel"))
PICTURE_SCHEMES = frozenset(("", "http", "https"))
#: Pictures that stand in their address: pixels only, for an SVG holds markup.
RASTER = re.compile(r"data:image/(?:avif|bmp|gif|jpe?g|png|webp|x-icon)[;,]", re.IGNORECASE)
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*(?=:)", re.IGNORECASE)
#: Browsers take blanks and control characters off an address, and line breaks and tabs out of it (WHATWG URL Standard).
AROUND_ADDRESS = "".join(map(chr, range(0x21)))
INSIDE_ADDRESS = str.maketrans("", "", "\t\n\r")
#: An address of a `srcset`, and its width or density.
CANDIDATE = re.compile(r"[\s,]*([^\s,]\S*)([^,]*)")
#: What highlights code reads its language here; any other class is a hook for the embedding page's styles and scripts.
LANGUAGE_CLASS = re.compile(r"lang(?:uage)?-[\w+#.-]{1,40}")


def allow(html: str) -> str:
    """The HTML without anything that is not on the lists, parsed as browsers parse it."""
    return CLEANER.clean(html)


def allowed_value(_tag: str, name: str, value: str) -> str | None:
    """What an allowed attribute may say, None if nothing."""
    if name in {"href", "cite"}:
        return value if scheme(value) in LINK_SCHEMES else None
    if name == "src":
        return value if is_picture(value) else None
    if name == "srcset":
        return value if all(scheme(found[1]) in PICTURE_SCHEMES for found in CANDIDATE.finditer(value)) else None
    if name == "target":
        return "_blank" if value.strip().lower() == "_blank" else None
    if name == "class":
        return " ".join(LANGUAGE_CLASS.findall(value)) or None
    return value


def is_picture(address: str) -> bool:
    """Whether a picture may be loaded from an address."""
    return scheme(address) in PICTURE_SCHEMES or RASTER.match(bare(address)) is not None


def scheme(address: str) -> str:
    """Scheme of an address as a browser parses it, "" for a relative one."""
    found = SCHEME.match(bare(address))
    return found[0].lower() if found else ""


def bare(address: str) -> str:
    """The address without what a browser ignores in it."""
    return address.strip(AROUND_ADDRESS).translate(INSIDE_ADDRESS)


#: `data` stands for the pictures that `allowed_value` lets through; of all else it sees to it itself.
CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS),
    attributes=ATTRIBUTES,
    attribute_filter=allowed_value,
    link_rel=None,
    url_schemes=(LINK_SCHEMES | {"data"}) - {""},
)

"""Bytes or str → `Page` with decoded text, or a status that says why there is none."""

from __future__ import annotations

import codecs
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from lxml.etree import LxmlError

from noisefilter.threads import late_import
from noisefilter.types import Format, Page, check_type

if TYPE_CHECKING:
    from noisefilter.types import Status

#: Exceptions that code raises over a page it was not written for: that page, and no other, becomes `unreadable`.
#: Everything else goes to the caller: lack of resources (MemoryError, OSError), interrupts, and the task queues' own
#: exceptions, with which they enforce a time limit in the middle of a page.
PAGE_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    LxmlError,
    re.error,
)
#: Larger pages are `too_large`: lxml needs some 12 bytes of memory per byte of page, and a page may take 350 MiB.
MAX_CHARACTERS = 8_000_000
#: No article is longer. tests/test_growth.py checks what pages of any shape cost within these limits.
MAX_TEXT = 1_000_000
#: A page with more `<`, or more than twice as many `=`, is `too_large`, before anything is parsed: an element takes
#: some 400 bytes. The longest of 3,284 pages from the web has 20,574.
MAX_TAGS = 400_000
#: A page with more blocks or sentences is `too_large`: each takes some 25 kB and 0.2 ms, where words differ.
#: The longest of those pages has 3,076.
MAX_BLOCKS = 15_000
#: libxml2 compares each attribute of an element with all others: 100,000 take 9 s, as do 1,900 on each of 1,000
#: elements.
MAX_ATTRIBUTES = 250
#: With no more `=` than this, attributes are counted only if a tag is long.
FEW_ATTRIBUTES = 20_000

MAGIC = (
    b"%PDF-",
    b"\x89PNG",
    b"\x1f\x8b",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"7z\xbc\xaf",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\x7fELF",
    b"\x00\x00\x01\x00",
    b"\xd0\xcf\x11\xe0",
    b"\x00asm",
)
#: Signatures that a text may begin with, too: binary only if a NUL follows soon.
READABLE_MAGIC = (b"GIF8", b"RIFF", b"BZh", b"OggS", b"ID3", b"wOFF", b"wOF2", b"MZ", b"Rar!", b"SQLite format 3")
#: Control characters that no text encoding uses.
CONTROLS = bytes((*range(9), *range(14, 27), *range(28, 32)))
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Codecs that Python knows and browsers do not.
NO_CHARSETS = frozenset(
    ("idna", "punycode", "undefined", "utf-7", "unicode-escape", "unicode_escape", "raw-unicode-escape", "mbcs", "oem")
)
#: Bytes that a charset is guessed from.
GUESSED = 200_000
#: Bytes that ASCII has not, how many of them tell a charset, and the least confidence with which they do.
HIGH, LEAST_ODD, LEAST_SURE = bytes(range(128, 256)), 12, 0.1
#: Characters outside of ASCII for each broken one in a page that is in a charset all the same; bytes in another charset are
#: hardly ever such characters.
BROKEN = 4
#: Bytes in which browsers look for a declaration, and more, for long heads.
HEAD = 4096
DECLARED_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
#: In these no declaration counts.
COMMENT = re.compile(rb"<!(?=--).*?(?:-->|\Z)", re.DOTALL)
#: Browsers' labels that Python does not know, once they are without `LABEL_PREFIX` (WHATWG Encoding Standard).
WEB_LABELS = {f"iso8859{part}": f"iso8859-{part}" for part in range(1, 17)} | {
    label: codec
    for codec, labels in {
        "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8",
        "utf-16-le": "iso-10646-ucs-2 ucs-2 unicode unicodefeff",
        "utf-16-be": "unicodefffe",
        "iso8859-6": "iso-8859-6-e iso-8859-6-i iso88596e iso88596i",
        "iso8859-7": "sun_eu_greek",
        "iso8859-8": "iso-8859-8-e iso-8859-8-i iso88598e iso88598i logical visual",
        "iso8859-15": "isolatin9",
        "koi8-r": "koi koi8",
        "koi8-u": "koi8-ru",
        "mac-roman": "mac",
        "mac-cyrillic": "mac-ukrainian",
        "cp874": "dos-874 windows-874",
        "cp932": "windows-31j",
        "cp949": "iso-ir-149 ks_c_5601-1989 ksc56011987 ksc_5601 windows-949",
        "euc_jp": "eucpkdfmtjapanese",
        "gb18030": "gb_2312 gb_2312-80",
    }.items()
    for label in labels.split()
}
LABEL_PREFIX = re.compile(r"^(?:x-|cs|cn-)+")
#: What browsers read for a codec, of which it is a part (WHATWG Encoding Standard).
WEB_CODECS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}

#: Beginnings of feeds and site maps, and of JSON.
FEED = re.compile(
    r"\ufeff?\s*(?:<[?!][^>]{0,1000}>\s*){0,9}<(?:rss|feed|rdf:rdf|opml|urlset|sitemapindex)[\s>]", re.IGNORECASE
)
JSON_EDGES = frozenset("{}[]")
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
HTML_TAG = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|p|h[1-6]|article|section|main|table|ul|ol|span|a\s|br|meta|title|script|"
    r"header|footer|nav|form|img|blockquote|pre)\b[^<>]*>",
    re.IGNORECASE,
)
# Possessive throughout, so that every character is read once, even on hostile pages. A quotation mark opens a value
# only after "=", as in browsers: a stray one would swallow the page up to the next.
TAG_PATTERN = r"""<[a-zA-Z][^\s>/]*+(?:=\s*+(?:"[^"]*+"?|'[^']*+'?)|[^>=]++|=)*+>?"""
START_TAG = re.compile(TAG_PATTERN)
SCRIPT_OR_TAG = re.compile(
    rf"(?P<script><(?P<name>script|style)\b[^<]*+(?:<(?!/(?P=name)\s*>)[^<]*+)*+(?:</(?P=name)\s*>)?)|{TAG_PATTERN}",
    re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"""[^\s/"'>=]++(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s"'>]++))?""")
LONG_TAG = re.compile(rf"<[a-zA-Z][^>]{{{2 * MAX_ATTRIBUTES - 2},}}+")
TAG_NAME = re.compile(r"<[a-zA-Z][^\s>/]*+")


def as_page(
    page: object,
    *,
    url: str | None = None,
    title: str | None = None,
    format: Format = "auto",  # noqa: A002
) -> Page:
    """The argument as a `Page`; a `Page`'s own format takes precedence.

    Raises:
        TypeError: it is neither bytes, str nor Page, or its url or title is not a str.
        ValueError: an unknown format, or another url or title than a `Page` has.
    """
    _check_format("format", format)
    what, content = "a page", bytes(page) if isinstance(page, bytearray | memoryview) else page
    if isinstance(page, Page):
        _check_format("a page's format", page.format)
        what, content = "a page's content", page.content
        for name, given, known in (("url", url, page.url), ("title", title, page.title)):
            if given and known and given != known:
                raise ValueError(f"{name} is given twice: {known!r} by the Page, {given!r} beside it")
        url, title, format = page.url or url, page.title or title, page.format if page.format != "auto" else format  # noqa: A001
    if not isinstance(content, bytes | str):
        raise TypeError(f"{what} must be bytes or str, not {type(content).__name__}")
    check_type("a page's url", url, str)
    check_type("a page's title", title, str)
    return Page(content, url, title, format)


def _check_format(what: str, value: str) -> None:
    if value not in get_args(Format):
        raise ValueError(f"{what} must be auto, html or text, not {value!r}")


def read_page(page: Page) -> Page:
    """The page with `content` as clean str and `format` "html" or "text"; `status` says if it cannot be read.

    A page that cannot be read as text has empty content; one that is too large keeps its text only if it is
    plain, since offsets then still fit.
    """
    page = replace(page, url=page.url and scrub(page.url), title=page.title and scrub(page.title))
    text, status = _decode(page.content)
    if status != "ok":
        return replace(page, content="", format="text", status=status)
    text = scrub(text)
    if page.format == "auto" and _is_data(text):
        return replace(page, content="", format="text", status="not_html_or_text")
    kind = sniff_format(text) if page.format == "auto" else page.format
    longest = MAX_TEXT if kind == "text" and isinstance(page.content, str) else MAX_CHARACTERS
    tags = max(text.count("<"), text.count("=") // 2) if kind == "html" else 0
    if not text.strip():
        status = "empty"
    elif len(text) > longest or tags > MAX_TAGS:
        status = "too_large"
    elif kind == "html":
        text = cap_attributes(text)
    return replace(page, content=text if status == "ok" or kind == "text" else "", format=kind, status=status)


def decode_declared(content: bytes, charset: str) -> str | bytes:
    """Decode content by the charset that its sender declared.

    The bytes stay as they are if they begin with a byte order mark or a signature, are binary, or cannot be decoded.
    Browsers trust the sender more than the page, and a byte order mark more than both.
    """
    codec = _web_charset(charset)
    marked = content.startswith((*MAGIC, *(mark for mark, _ in BYTE_ORDER_MARKS)))
    if codec is None or marked or is_binary(content[:65_536]):
        return content
    try:
        return content.decode(codec)
    except UnicodeError:
        return content


def scrub(text: str) -> str:
    """Text that can be encoded: NULs and lone surrogates are replaced one for one, so that offsets stay valid."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return UNWRITABLE.sub("\ufffd", text)
    return text.replace("\x00", "\ufffd")


def sniff_format(text: str) -> Literal["html", "text"]:
    """ "html" if the text starts like a page or has several tags that are common in pages."""
    head = text[:4096].lstrip("\ufeff \t\r\n")
    if re.match(r"<(?:!doctype|html|head|body|\?xml)", head, re.IGNORECASE):
        return "html"
    return "html" if len(HTML_TAG.findall(text[:200_000])) >= (1 if head.startswith("<") else 3) else "text"


def _is_data(text: str) -> bool:
    """Whether the text is a feed, a site map or JSON, for programs to read."""
    if FEED.match(text):
        return True
    if not JSON_EDGES.issuperset((text.lstrip()[:1], text.rstrip()[-1:])):
        return False
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def _decode(content: bytes | str) -> tuple[str, Status]:
    """Text of the content; bytes that are not text give "" and the reason."""
    if isinstance(content, str):
        decoded = content[:8].encode("utf-8", "replace").startswith(MAGIC)  # a PDF, by whoever fetched it
        return ("", "not_html_or_text") if decoded else (content, "ok")
    if not content:
        return "", "empty"
    if len(content) > 4 * MAX_CHARACTERS:
        return "", "too_large"
    if content.startswith(MAGIC) or (content.startswith(READABLE_MAGIC) and b"\x00" in content[:1000]):
        return "", "not_html_or_text"
    for mark, charset in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(charset, "replace").lstrip("\ufeff"), "ok"
    wide = _wide_charset(content)
    if wide:
        return content.decode(wide, "replace"), "ok"
    if is_binary(content[:65_536]):
        return "", "not_html_or_text"
    return _decode_bytes(content), "ok"


def _wide_charset(content: bytes) -> str | None:
    """UTF-16 without a byte order mark: in Latin text every other byte is NUL."""
    head = content[:2000]
    half = len(head) // 2
    if half < 2 or 0 not in head:
        return None
    if head[1::2].count(0) > 0.4 * half and head[::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if head[::2].count(0) > 0.4 * half and head[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return None


def is_binary(head: bytes) -> bool:
    """Whether more than one byte in fifty is a control character that no text encoding uses."""
    return len(head) - len(head.translate(None, CONTROLS)) > len(head) / 50


def _decode_bytes(content: bytes) -> str:
    """Text as the page declares it, or in UTF-8, even if a few bytes are broken; else by what the bytes look like."""
    charsets = tuple(filter(None, (_declared_charset(content[:HEAD]), "utf-8")))
    for charset in charsets:
        with suppress(UnicodeError):
            return content.decode(charset)
    for charset in charsets:
        text = content.decode(charset, "replace")
        broken = text.count("\ufffd")
        if (BROKEN + 1) * broken <= len(text) - len(text.encode("ascii", "ignore")):
            return text
    return content.decode(_guess_charset(content), "replace")


def _guess_charset(content: bytes) -> str:
    """The charset that BeautifulSoup finds declared further down, or that chardet finds in the bytes.

    A few odd bytes are signs such as £ or é in a Western page, and so are those that chardet can't tell.
    """
    head = content[:GUESSED]
    if len(content) > GUESSED:  # end before a blank or a tag: these bytes are no part of a longer character
        head = head[: max(map(head.rfind, (b" ", b"\n", b"<")))] or head
    # not `UnicodeDammit`, which guesses by what is installed, and logs broken bytes to the user's log
    detector = late_import("bs4.dammit").EncodingDetector  # imported in 40 ms
    declared = detector.find_declared_encoding(COMMENT.sub(b"", head), is_html=True)
    odd = len(head) - len(head.translate(None, HIGH))
    found = _detect_charset(head) if odd >= LEAST_ODD else None
    names = list(filter(None, map(_web_charset, filter(None, (declared, found, "utf-8", "cp1252")))))
    return next(name for errors in ("strict", "replace") for name in names if _decodes(head, name, errors))


def _detect_charset(head: bytes) -> str | None:
    """The charset of the web that chardet finds, None if it is unsure: by letters and their pairs in each language."""
    chardet = late_import("chardet")
    web = chardet.EncodingEra.MODERN_WEB | chardet.EncodingEra.LEGACY_ISO
    found = chardet.detect(head, encoding_era=web, prefer_superset=True)
    return found["encoding"] if found["confidence"] >= LEAST_SURE else None


def _declared_charset(content: bytes) -> str | None:
    """The charset that a page declares, as browsers read it; None if there is none, or none that the web uses."""
    found = DECLARED_CHARSET.search(COMMENT.sub(b"", content))
    charset = _web_charset(found[1].decode("ascii", "replace")) if found else None
    # a declaration that can be read as bytes is not in UTF-16 or UTF-32 (WHATWG Encoding Standard)
    return "utf-8" if charset and charset.startswith(("utf-16", "utf-32")) else charset


def _web_charset(label: str) -> str | None:
    """Python's codec for a label, as browsers read it; None if no page is written in it."""
    label = label.lower()
    plain = LABEL_PREFIX.sub("", label)
    for name in (label, WEB_LABELS.get(plain, plain)):
        with suppress(LookupError, ValueError):  # no codec's name, or none at all, with a NUL in it
            codec = codecs.lookup(name)
            is_charset = {codec.name, label}.isdisjoint(NO_CHARSETS) and getattr(codec, "_is_text_encoding", True)
            return WEB_CODECS.get(codec.name, codec.name) if is_charset else None
    return None


def _decodes(content: bytes, charset: str, errors: str) -> bool:
    """Whether the content can be decoded with a charset."""
    try:
        content.decode(charset, errors)
    except ValueError:
        return False
    return True


def cap_attributes(text: str) -> str:
    """The text, with all attributes removed from elements that have more than `MAX_ATTRIBUTES`."""
    if text.count("=") <= FEW_ATTRIBUTES and not _has_long_tag(text):
        return text
    return SCRIPT_OR_TAG.sub(_cap_match, text)


def _has_long_tag(text: str) -> bool:
    """Whether a possible tag has more than `MAX_ATTRIBUTES` attributes; a text in quotation marks is one."""
    return any(len(ATTRIBUTE.findall(found[0])) > MAX_ATTRIBUTES for found in LONG_TAG.finditer(text))


def _cap_match(match: re.Match[str]) -> str:
    if match["script"]:  # its content may look like tags; only its start tag is one
        return START_TAG.sub(_without_attributes, match[0], count=1)
    return _without_attributes(match)


def _without_attributes(tag: re.Match[str]) -> str:
    text = tag[0]
    if len(text) < 2 * MAX_ATTRIBUTES or len(ATTRIBUTE.findall(text)) <= MAX_ATTRIBUTES + 1:  # the name is one match
        return text
    name = TAG_NAME.match(text)
    return f"{name[0]}>" if name else text

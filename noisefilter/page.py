"""Bytes or str → `Page` with decoded text, or a status that says why there is none."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lxml.etree import LxmlError

from noisefilter.threads import late_import

if TYPE_CHECKING:
    from noisefilter.types import Page, Status

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
DECLARED_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
#: Browsers read a declared Latin-1 as Windows-1252 (WHATWG Encoding Standard).
WEB_CHARSETS = dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"), "cp1252") | {
    "x-sjis": "shift_jis"
}

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


def _decode(content: bytes | str) -> tuple[str, Status]:
    """Text of the content; bytes that are not text give "" and the reason."""
    if isinstance(content, str):
        return content, "ok"
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
    """Text as the page declares it, or in UTF-8; else BeautifulSoup's detector guesses from the bytes."""
    declared = _declared_charset(content)
    for charset in filter(None, (declared, "utf-8")):
        with suppress(UnicodeError):
            return content.decode(charset)
    if declared:
        text = content.decode(declared, "replace")
        if text.count("\ufffd") <= max(10, len(text) // 1000):  # a few broken bytes do not make it wrong
            return text
    # not `UnicodeDammit`, which tries these names itself and logs broken bytes to the user's log
    head = content[:200_000]
    detector = late_import("bs4.dammit").EncodingDetector  # 40 ms, and few pages need it
    names = list(filter(None, map(_web_charset, detector(head, is_html=True).encodings)))
    guess = next((name for errors in ("strict", "replace") for name in names if _decodes(head, name, errors)), "cp1252")
    return content.decode(guess, "replace")


def _declared_charset(content: bytes) -> str | None:
    """The charset that a page declares, as browsers read it; None if there is none, or none that the web uses."""
    found = DECLARED_CHARSET.search(content[:4096])
    if not found:
        return None
    charset = _web_charset(found[1].decode("ascii", "replace"))
    # a declaration that can be read as bytes is not in UTF-16 or UTF-32 (WHATWG Encoding Standard)
    return "utf-8" if charset and charset.startswith(("utf-16", "utf-32")) else charset


def _web_charset(name: str) -> str | None:
    """Python's codec for a charset name; None if no page is written in it."""
    name = name.lower()
    try:
        codec = codecs.lookup(WEB_CHARSETS.get(name, name))
    except LookupError:
        return None
    if codec.name in NO_CHARSETS or name in NO_CHARSETS or not getattr(codec, "_is_text_encoding", True):
        return None
    return codec.name


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

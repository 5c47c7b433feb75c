"""A page → what stands in it, by a parser that the library does not use."""

from __future__ import annotations

from html.parser import HTMLParser


class Inventory(HTMLParser):
    """Elements with their attributes, and texts, of a page that is written to the letter."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

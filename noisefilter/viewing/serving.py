"""A review that saves as one goes: the page is served on this host alone, and its marks come back as a corpus."""

from __future__ import annotations

import json
import secrets
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import TYPE_CHECKING, Any

from noisefilter.learn.corpora import read_rows, write_rows
from noisefilter.report.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "127.0.0.1"
#: The files of a corpus, without their suffix.
FILES = ("pages", "labels")
#: Bytes that a browser may send: some hundred pages and their labels.
MOST_BYTES = 1 << 27


class ReviewServer(ThreadingHTTPServer):
    """Serves the page at an address that cannot be guessed, so that no other site can read it or write to it."""

    daemon_threads = True

    def __init__(self, render: Callable[[str], str], folder: Path, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.path = f"/{secrets.token_urlsafe(16)}/"
        self.folder = folder
        self.lock = Lock()
        #: Rows of each file that earlier reviews saved, and ids of the pages that this one has marked.
        self._earlier = {name: self._saved(name) for name in FILES}
        self._marked: set[str] = set()
        self.html = render(f"{self.path}save").encode()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}{self.path}"

    def _saved(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        return [row for _, row in read_rows(path)] if path.exists() else []

    def save(self, rows: dict[str, Any]) -> None:
        """Write both files of the corpus anew, each as a whole or not at all; rows of pages not marked here stay."""
        with self.lock:
            self._marked.update(row["id"] for row in rows["labels"])
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                earlier = [row for row in self._earlier[name] if row["id"] not in self._marked]
                write_rows(self.folder / f"{name}.jsonl", (*earlier, *rows[name]))


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer

    def do_GET(self) -> None:
        """The page."""
        if not self._is_ours() or self.path != self.server.path:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._answer(self.server.html, "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """Its marks."""
        length = int(self.headers.get("content-length") or 0)
        if not self._is_ours() or self.path != f"{self.server.path}save" or not 0 < length <= MOST_BYTES:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            rows = json.loads(self.rfile.read(length))
            self.server.save({name: list(rows[name]) for name in FILES})
        except (ValueError, KeyError, TypeError):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        except OSError as error:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, error.strerror)
            return
        self._answer(b"{}", "application/json")

    def _is_ours(self) -> bool:
        """Whether the browser asked for this host by its number: a name could be anybody's that points here."""
        return self.headers.get("host") == f"{HOST}:{self.server.server_port}"

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


def serve_review(render: Callable[[str], str], folder: Path, port: int, *, open_browser: bool) -> None:
    """Serve until Ctrl-C; marks are in `pages.jsonl` and `labels.jsonl` of the folder as soon as they are made.

    `render` makes the page, given the address that takes its marks; the port 0 takes a free one.
    """
    with ReviewServer(render, folder, port) as server:
        say(f"review at {server.address}", f"marks are saved in {folder}; Ctrl-C ends it")
        if open_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")

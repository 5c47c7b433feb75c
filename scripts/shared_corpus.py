"""The layout of the third-party training data (`../shared/corpus`, see its README) → labelled pages.

Only this file knows that layout. Texts are read for training and measuring; none of them is written anywhere.
"""

from __future__ import annotations

import gzip
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zlib import crc32

from noisefilter.training.corpora import LabelledPage
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Licences under which weights may be learned from a text without asking anybody. The rest is research use or unstated.
PERMISSIVE = ("CC-BY-4.0", "CC BY 4.0", "US government work", "MIT/Apache-2.0", "MPL-2.0", "MIT repo", "ours")
#: Sources whose texts hold headlines of other stories in the middle of sentences, behind the names of politicians.
SPLICED_SOURCES = ("thehill.com",)
WCXB_LICENCE = "CC-BY-4.0 (WCXB, Murrough Foley)"


def is_permissive(licence: str) -> bool:
    """Whether a licence statement is one of `PERMISSIVE`."""
    return licence.startswith(PERMISSIVE) and "BBC" not in licence


class Corpus:
    """Reads the folder; `licences` is "all" or "permissive"."""

    def __init__(self, root: Path, licences: str = "all") -> None:
        self.root = root
        self.licences = licences

    @cached_property
    def splits(self) -> dict[str, Any]:
        """`splits.json`."""
        return dict(json.loads((self.root / "splits.json").read_text(encoding="utf8")))

    def split_of(self, source: str) -> str:
        """Train, tune or val, by site or source."""
        return str(self.splits["by_site_or_source"].get(source, "train"))

    def teaches_vectors(self, key: str) -> bool:
        """Whether a document tunes the word vectors; the others may have insertions put into them. Never both."""
        return crc32(key.encode("utf-8", "surrogatepass")) % 2 == 0

    def rows(self, name: str, split: str) -> Iterator[dict[str, Any]]:
        """Rows of `text/<name>.jsonl.gz` of a split whose licence is allowed."""
        with gzip.open(self.root / "text" / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                if self.split_of(row["source"]) == split and self._allowed(row.get("licence", "")):
                    yield row

    def _allowed(self, licence: str) -> bool:
        return self.licences == "all" or is_permissive(licence)

    def wcxb_ids(self, split: str) -> list[str]:
        """Ids of the WCXB pages of a split, in order."""
        pages = self.splits["wcxb_pages"]
        return sorted(name for name, site in pages.items() if self.split_of(site) == split)

    def wcxb_truth(self, name: str) -> dict[str, Any]:
        """Ground truth of a WCXB page."""
        path = self.root / "wcxb" / "dev" / "ground-truth" / f"{name[-4:]}.json"
        return dict(json.loads(path.read_text(encoding="utf8")))

    def wcxb_snippets(self, name: str) -> tuple[list[str], list[str]]:
        """Strings that the main text of a WCXB page holds, and strings that it must not hold."""
        truth = self.wcxb_truth(name)["ground_truth"]
        return truth.get("with") or [], truth.get("without") or []

    def wcxb_html(self, name: str) -> bytes:
        """HTML of a WCXB page."""
        return gzip.decompress((self.root / "wcxb" / "dev" / "html" / f"{name[-4:]}.html.gz").read_bytes())

    def wcxb_texts(self, split: str) -> Iterator[str]:
        """Gold texts of the WCXB pages of a split."""
        for name in self.wcxb_ids(split):
            yield self.wcxb_truth(name)["ground_truth"].get("main_content") or ""

    @cached_property
    def noise(self) -> dict[str, list[int]]:
        """Votes on the articles by WCXB id."""
        with (self.root / "labels" / "articles.jsonl").open(encoding="utf8") as lines:
            return {row["id"]: row["noise"] for row in map(json.loads, lines)}

    def wcxb_pages(self, split: str) -> Iterator[LabelledPage]:
        """WCXB pages with gold text, and votes where an article was judged."""
        for name in self.wcxb_ids(split):
            truth = self.wcxb_truth(name)
            text = truth["ground_truth"].get("main_content") or ""
            if not text.strip():
                continue
            votes = self.noise.get(name)
            yield LabelledPage(
                name, Page(self.wcxb_html(name), truth.get("url"), truth["ground_truth"].get("title")),
                self.splits["wcxb_pages"][name], "wcxb", WCXB_LICENCE, sum(votes) / len(votes) if votes else None,
                main_text=text, page_type=truth["_internal"]["page_type"]["primary"],
            )  # fmt: skip

    def judged_sentences(self, split: str) -> Iterator[LabelledPage]:
        """Articles whose sentences were judged; a line break inside a sentence becomes a blank, offsets stay."""
        with gzip.open(self.root / "labels" / "sentences.jsonl.gz", "rt", encoding="utf8") as lines:
            for row in map(json.loads, lines):
                wcxb = row["source"] == "wcxb"
                site = self.splits["wcxb_pages"].get(row["id"], row["source"]) if wcxb else row["source"]
                licence = WCXB_LICENCE if wcxb else self.licence_of(row["source"])
                if self.split_of(site) != split or not self._allowed(licence):
                    continue
                text = row["text"]
                for sentence in row["sentences"]:
                    start, end = sentence["start"], sentence["end"]
                    text = text[:start] + text[start:end].replace("\n", " ") + text[end:]
                yield LabelledPage(
                    row["id"], Page(text, title=row["title"], format="text"), site, row["source"], licence,
                    sentences=tuple((s["start"], s["end"], s["label"]) for s in row["sentences"]),
                )  # fmt: skip

    @cached_property
    def _sources(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for name in ("clean", "lowvalue", "news"):
            with gzip.open(self.root / "text" / f"{name}.jsonl.gz", "rt", encoding="utf8") as lines:
                for row in map(json.loads, lines):
                    found.setdefault(row["source"], (name, row["licence"]))
        return found

    def licence_of(self, source: str) -> str:
        """Licence statement of a text source."""
        return self._sources.get(source, ("", "unknown"))[1]

    def file_of(self, source: str) -> str:
        """The file that a source's texts are in: clean, lowvalue or news; "" for WCXB."""
        return self._sources.get(source, ("", ""))[0]

    def judged_texts(self, split: str) -> Iterator[LabelledPage]:
        """Texts of farms, news and clean sources whose noise was judged."""
        wanted: dict[tuple[str, str], list[dict[str, Any]]] = {}
        with (self.root / "labels" / "articles_text.jsonl").open(encoding="utf8") as lines:
            for row in map(json.loads, lines):
                wanted.setdefault((row["file"].split("/")[-1].split(".")[0], row["id"]), []).append(row)
        for name in ("lowvalue", "news", "clean"):
            for row in self.rows(name, split):
                for judged in wanted.pop((name, row["id"]), []):
                    yield LabelledPage(
                        row["id"], Page(row["text"], title=row["title"], format="text"), row["source"], row["source"],
                        row["licence"], sum(judged["noise"]) / len(judged["noise"]),
                    )  # fmt: skip

    @cached_property
    def _spliced(self) -> frozenset[str]:
        return frozenset(row["id"] for split in ("train", "tune", "val") for row in self.rows("insertions_real", split))

    def is_spliced(self, page: LabelledPage) -> bool:
        """Whether something foreign is known to stand in a text: a farm's links, or what a scraper left in."""
        return page.id in self._spliced or page.source in SPLICED_SOURCES

    def texts(self, name: str, split: str, most: int) -> Iterator[LabelledPage]:
        """Texts of a source file without labels, at most so many a source."""
        counts: dict[str, int] = {}
        seen: set[str] = set()
        for row in self.rows(name, split):
            counts[row["source"]] = counts.get(row["source"], 0) + 1
            if counts[row["source"]] <= most and row["text"] not in seen:
                seen.add(row["text"])
                yield LabelledPage(
                    row["id"], Page(row["text"], title=row["title"], format="text"), row["source"], row["source"],
                    row["licence"],
                )  # fmt: skip

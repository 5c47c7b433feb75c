"""The layout of the third-party training data (`../shared/corpus`, see its README) → labelled pages.

Only this file knows that layout. Texts are read for training and measuring; none of them is written anywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict
from zlib import crc32

from noisefilter.labels import LabelledPage, LabelledSpan
from noisefilter.learn.corpora import read_corpora, read_rows
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

#: Licences under which weights may be learned from a text without asking anybody. The rest is research use or unstated.
PERMISSIVE = ("CC-BY-4.0", "CC BY 4.0", "US government work", "MIT/Apache-2.0", "MPL-2.0", "MIT repo", "ours")
#: Sources whose texts hold headlines of other stories in the middle of sentences, behind the names of politicians.
SPLICED_SOURCES = ("thehill.com",)
#: Passages that the project wrote for articles of the corpus.
OWN_PASSAGES = Path(__file__).parents[1] / "corpus" / "written" / "passages.jsonl"
#: Articles that the project invented, with and without such passages.
OWN_ARTICLES = Path(__file__).parents[1] / "corpus" / "invented"
#: Sentences and the noise of train articles that the project judged.
OWN_JUDGED = Path(__file__).parents[1] / "corpus" / "judged"
#: Items that the project told as a newsroom, a blog and a farm would.
OWN_RETOLD = Path(__file__).parents[1] / "corpus" / "retold"
BLOGS, MORE = "blogs", "pages_more"
#: Of each source so many untouched texts at most, by file; sources in which foreign lines are known to stand are left out (the
#: corpus' README), and so are texts that are very long.
UNTOUCHED = {"news": 9, "clean": 12, BLOGS: 1}
DOUBTFUL = ("thehill.com", "sportdaily", "footballdaily")
LONGEST = 25_000
WCXB_LICENCE = "CC-BY-4.0 (WCXB, Murrough Foley)"


class Votes(TypedDict):
    """The fields of a `LabelledPage` that say what is known of its noise."""

    noise: float | None
    votes: tuple[int, ...]
    second: float | None


UNKNOWN: Votes = {"noise": None, "votes": (), "second": None}


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that a writer put into an article; an honest one belongs there, however foreign it looks."""

    start: int
    end: int
    foreign: bool
    sort: str


@dataclass(frozen=True, slots=True)
class WrittenInsertions:
    """An article with the passages that a writer put into it."""

    page: Page
    site: str
    writer: int
    passages: tuple[Passage, ...]

    @property
    def labelled(self) -> LabelledPage:
        """The page as training reads it: foreign passages are off-topic, the others honest."""
        spans = tuple(
            LabelledSpan(own.start, own.end, "off_topic" if own.foreign else "honest") for own in self.passages
        )
        return LabelledPage(
            f"written-{self.writer}", self.page, self.site, "written insertions", spans=spans, writer=self.writer
        )


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
        """Whether a document tunes the word vectors."""
        return crc32(key.encode("utf-8", "surrogatepass")) % 2 == 0

    def rows(self, name: str, split: str) -> Iterator[dict[str, Any]]:
        """Rows of `text/<name>.jsonl.gz` of a split whose licence is allowed."""
        for row in _read(self.root / "text" / f"{name}.jsonl.gz"):
            if self.split_of(row["source"]) == split and self._allowed(row.get("licence", "")):
                yield row

    def _allowed(self, licence: str) -> bool:
        return self.licences == "all" or (licence.startswith(PERMISSIVE) and "BBC" not in licence)

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

    def wcxb_article(self, name: str) -> Page:
        """Gold text of a WCXB page, with its title."""
        truth = self.wcxb_truth(name)["ground_truth"]
        return Page(truth.get("main_content") or "", title=truth.get("title"), format="text")

    def wcxb_articles(self, split: str) -> Iterator[Page]:
        """Those of a split."""
        return map(self.wcxb_article, self.wcxb_ids(split))

    @cached_property
    def noise(self) -> dict[str, Votes]:
        """What is known of the noise of the WCXB articles, by id."""
        return {row["id"]: _votes(row) for row in _read(self.root / "labels" / "articles.jsonl")}

    def wcxb_pages(self, split: str) -> Iterator[LabelledPage]:
        """WCXB pages with gold text, and votes where an article was judged."""
        for name in self.wcxb_ids(split):
            truth = self.wcxb_truth(name)
            text = truth["ground_truth"].get("main_content") or ""
            if not text.strip():
                continue
            yield LabelledPage(
                name, Page(self.wcxb_html(name), truth.get("url"), truth["ground_truth"].get("title")),
                self.splits["wcxb_pages"][name], "wcxb", WCXB_LICENCE,
                main_text=text, page_type=truth["_internal"]["page_type"]["primary"], **self.noise.get(name, UNKNOWN),
            )  # fmt: skip

    def more_pages(self, split: str) -> Iterator[LabelledPage]:
        """Pages of `pages_more` with gold text, in many languages; one may fit on those whose `use` is "train" only."""
        for row in _read(self.root / "pages_more.jsonl.zst"):
            wanted = row["split"] == split and row["use"] == "train" and row["gold"].strip()
            if wanted and self._allowed(row["licence"]):
                yield LabelledPage(
                    row["id"], Page(row["html"], row["url"]), row["domain"], row["source"], row["licence"],
                    main_text=row["gold"], page_type=row["page_type"],
                )  # fmt: skip

    def judged_sentences(self, split: str, name: str = "sentences") -> Iterator[LabelledPage]:
        """Articles of `labels/<name>.jsonl.gz`, whose sentences were judged."""
        for row in _read(self.root / "labels" / f"{name}.jsonl.gz"):
            wcxb = row["source"] == "wcxb"
            site = self.splits["wcxb_pages"].get(row["id"], row["source"]) if wcxb else row["source"]
            licence = WCXB_LICENCE if wcxb else self._sources.get(row["source"], ("", "unknown"))[1]
            source = BLOGS if name == "sentences_blogs" else row["source"]
            if self.split_of(site) == split and self._allowed(licence):
                sentences = ((one["start"], one["end"], one["label"]) for one in row["sentences"])
                page = Page(row["text"], title=row["title"], format="text")
                yield _judged(LabelledPage(row["id"], page, site, source, licence), sentences)

    def own_judged(self) -> Iterator[LabelledPage]:
        """Articles of train sites whose sentences the project judged, in collections as `judged_sentences` has them."""
        for host, row in self._hosts(OWN_JUDGED / "sentences.jsonl"):
            yield _judged(host, ((start, end, letter) for start, end, letter in row["sentences"]))

    def own_votes(self) -> Iterator[LabelledPage]:
        """Articles of train sites whose noise the project judged and nobody else did."""
        for host, row in self._hosts(OWN_JUDGED / "noise.jsonl"):
            yield replace(host, **_votes({"noise": [row["noise"]], "p": row["p"]}))

    @cached_property
    def _sources(self) -> dict[str, tuple[str, str]]:
        """File and licence statement of each text source."""
        found: dict[str, tuple[str, str]] = {}
        for name in ("clean", "lowvalue", "news", BLOGS):
            for row in _read(self.root / "text" / f"{name}.jsonl.gz"):
                found.setdefault(row["source"], (name, row["licence"]))
        return found

    def file_of(self, source: str) -> str:
        """The file that a source's texts are in: clean, lowvalue, news or blogs; "" for WCXB."""
        return self._sources.get(source, ("", ""))[0]

    def judged_texts(self, split: str) -> Iterator[LabelledPage]:
        """Texts of farms, news and clean sources whose noise was judged."""
        wanted: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in _read(self.root / "labels" / "articles_text.jsonl"):
            wanted.setdefault((row["file"].split("/")[-1].split(".")[0], row["id"]), []).append(row)
        for name in ("lowvalue", "news", "clean"):
            for row in self.rows(name, split):
                for judged in wanted.pop((name, row["id"]), []):
                    yield replace(_text_page(row), **_votes(judged))

    def judged_blogs(self, split: str) -> Iterator[LabelledPage]:
        """Posts of blogs whose noise was judged; all of them have one source, since a blog has few posts."""
        judged = {row["id"]: _votes(row) for row in _read(self.root / "labels" / "articles_blogs.jsonl")}
        for row in self.rows(BLOGS, split):
            if row["id"] in judged:
                yield replace(_text_page(row), source=BLOGS, **judged.pop(row["id"]))

    def judged_articles(self, split: str) -> Iterator[LabelledPage]:
        """All pages whose noise was judged: of WCXB, texts and blogs."""
        pages = chain(self.wcxb_pages(split), self.judged_texts(split), self.judged_blogs(split))
        return (page for page in pages if page.noise is not None)

    def written_insertions(self, split: str) -> Iterator[WrittenInsertions]:
        """Articles into which writers put foreign passages, and honest ones that look foreign."""
        for row in self.rows("insertions_written", split):
            yield WrittenInsertions(
                Page(row["text"], title=row["title"], format="text"), row["source"], row["writer"],
                tuple(Passage(span["start"], span["end"], span["kind"] == "off_topic", span["sort"]) for span in row["spans"]),
            )  # fmt: skip

    def own_insertions(self) -> Iterator[WrittenInsertions]:
        """Articles of train sites with passages of the project's own writers, 5 and later (corpus/README.md); never measured."""
        for host, row in self._hosts(OWN_PASSAGES):
            yield put_in(str(host.page.content), host.page.title, host.site, row)

    def _hosts(self, labels: Path) -> Iterator[tuple[LabelledPage, dict[str, Any]]]:
        """The articles of the train sites that rows of ours belong to.

        One whose text is not what it was when the row was written is left out.
        """
        rows = _rows_of(labels)
        for host in self._train_articles:
            if row := rows.get(host.id):
                content = str(host.page.content).encode("utf-8", "surrogatepass")
                if hashlib.sha256(content).hexdigest().startswith(row["sha256"]):
                    yield host, row

    @cached_property
    def _train_articles(self) -> list[LabelledPage]:
        """The articles of the train sites that any row of ours belongs to."""
        files = (OWN_PASSAGES, OWN_JUDGED / "sentences.jsonl", OWN_JUDGED / "noise.jsonl")
        wanted = {name for file in files for name in _rows_of(file)}
        return [host for host in self._read_train_articles(wanted) if host.id in wanted]

    def _read_train_articles(self, wanted: Collection[str]) -> Iterator[LabelledPage]:
        """The articles of the train sites; of WCXB the wanted ones."""
        for name in self.wcxb_ids("train"):
            if name in wanted:
                site = self.splits["wcxb_pages"][name]
                yield LabelledPage(name, self.wcxb_article(name), site, "wcxb", WCXB_LICENCE)
        for file in ("clean", "news", "lowvalue", BLOGS):
            for page in map(_text_page, self.rows(file, "train")):
                yield replace(page, id=f"{file}:{page.id}", source=BLOGS if file == BLOGS else page.source)
        for page in self.more_pages("train"):
            text = Page(page.main_text or "", format="text")
            yield LabelledPage(f"more:{page.id}", text, page.site, MORE, page.licence)

    def untouched(self, split: str) -> Iterator[LabelledPage]:
        """Articles as they are found, into which nobody put anything: texts, and the gold texts of WCXB's articles."""
        for name, most in UNTOUCHED.items():
            for page in self.texts(name, split, most):
                if page.source not in DOUBTFUL and not self.is_spliced(page) and len(str(page.page.content)) <= LONGEST:
                    yield replace(page, spans=())
        for page in self.wcxb_pages(split):
            if page.page_type == "article" and page.main_text and len(page.main_text) <= LONGEST:
                text = Page(page.main_text, title=page.page.title, format="text")
                yield LabelledPage(page.id, text, page.site, page.source, page.licence, spans=())

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
                yield _text_page(row)


def own_articles() -> Iterator[LabelledPage]:
    """The project's own articles with and without passages, by writers 18 and later (corpus/README.md)."""
    honest = {row["id"]: row.get("honest", ()) for _, row in read_rows(OWN_ARTICLES / "labels.jsonl")}
    for page in read_corpora([OWN_ARTICLES]):
        spans = [
            *(page.spans or ()),
            *(LabelledSpan(own["start"], own["end"], "honest", own["quote"]) for own in honest[page.id]),
        ]
        yield replace(page, spans=tuple(sorted(spans, key=attrgetter("start"))), writer=int(page.id.split("-")[1]))


def own_retold() -> Iterator[LabelledPage]:
    """Articles of known noise by the project's own writers, 29 and later: items told in several ways (corpus/README.md)."""
    return iter(read_corpora([OWN_RETOLD]))


def put_in(text: str, title: str | None, site: str, row: dict[str, Any]) -> WrittenInsertions:
    """An article with the passages of a row of corpus/written put in, each at its offset in the article's own text."""
    parts: list[str] = []
    passages: list[Passage] = []
    position = length = 0
    for own in sorted(row["passages"], key=itemgetter("at")):
        parts += [text[position : own["at"]], own["text"]]
        end = length + own["at"] - position + len(own["text"])
        start = end - len(own["text"].lstrip())
        passages.append(Passage(start, end, own["kind"] == "off_topic", own["sort"]))
        position, length = own["at"], end
    page = Page("".join([*parts, text[position:]]), title=title, format="text")
    return WrittenInsertions(page, site, row["writer"], tuple(passages))


def _rows_of(labels: Path) -> dict[str, dict[str, Any]]:
    """Rows of ours by the article that they belong to."""
    return {row["host"]: row for row in _read(labels)}


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines, compressed or not."""
    with _open(path) as lines:
        yield from map(json.loads, lines)


def _open(path: Path) -> IO[str]:
    if path.suffix == ".zst":
        import zstandard  # noqa: PLC0415 - of the extra `batch`, which tests of other readers go without

        return zstandard.open(path, "rt", encoding="utf8")
    return gzip.open(path, "rt", encoding="utf8") if path.suffix == ".gz" else path.open(encoding="utf8")


def _judged(page: LabelledPage, sentences: Iterable[tuple[int, int, str]]) -> LabelledPage:
    """The page with judged sentences; a line break inside of one becomes a blank, offsets stay."""
    judged, text = tuple(sentences), str(page.page.content)
    for start, end, _ in judged:
        text = text[:start] + text[start:end].replace("\n", " ") + text[end:]
    return replace(page, page=replace(page.page, content=text), sentences=judged)


def _text_page(row: dict[str, Any]) -> LabelledPage:
    """The page of a row of `text/`."""
    page = Page(row["text"], title=row["title"], format="text")
    return LabelledPage(row["id"], page, row["source"], row["source"], row.get("licence", ""))


def _votes(row: dict[str, Any]) -> Votes:
    """What a row of labels says of an article's noise."""
    votes = tuple(row["noise"])
    return {"noise": sum(votes) / len(votes), "votes": votes, "second": row.get("p")}

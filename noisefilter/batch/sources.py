"""Names of inputs → files, each once, with what they hold."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from noisefilter.batch.errors import RefusedError, extra
from noisefilter.batch.fields import CONTENT, LISTING
from noisefilter.batch.files import (
    PACKED,
    BrokenFileError,
    Source,
    digest_edges,
    find_files,
    is_pattern,
    is_url,
    open_bytes,
    open_plain,
    packing,
    plain_name,
    unpacked,
)
from noisefilter.batch.readers import listed_paths, split_head
from noisefilter.batch.tasks import CSV_PREFIX, DROPPED, FOLDERS, HIDDEN, KEPT, MANIFEST, PART, RUN_FILES, STDIN
from noisefilter.report.printing import LOGGER, counted, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.batch.storage import Storage

#: Formats by the suffixes of files; the first one is also what standard input is kept under.
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".warc": "warc",
    ".wet": "warc",
    **dict.fromkeys((".txt", ".text", ".md", ".html", ".htm", ".xhtml"), "pages"),
}
WORKBOOKS = frozenset((".xlsx", ".xls", ".ods"))
#: Packages that read a format; of WARC also what unpacks the pages in it.
NEEDED = {"parquet": ("pyarrow",), "warc": ("fastwarc", "zstandard", "brotli")}
#: First bytes of content, where no name tells its format. An array is no JSON lines, which its reader says; as a page it
#: would be scored.
BEGINNINGS = ((b"PAR1", "parquet"), (b"WARC/", "warc"), (b"{", "jsonl"), (b"[{", "jsonl"))
#: Columns that hold a page: a first line that names one of them beside others is hardly a text's.
PAGE_COLUMNS = {f"{CSV_PREFIX}text", *(name for name, _ in CONTENT)}
#: Files of a corpus: its pages, which may be in files that it names, and their labels.
CORPUS = ("pages.jsonl", "labels.jsonl")


def list_sources(
    inputs: Sequence[str], form: str, output: Storage, stdin: IO[bytes] | None
) -> tuple[list[Source], int]:
    """Files of the inputs in order, and how many files in folders are skipped: of unknown formats, or of runs.

    Raises:
        RefusedError: an input that names no file, or none that can be read; a format whose extra is missing.
    """
    sources: list[Source] = []
    passed_over = 0
    for name in inputs:
        if name == "-":
            stdin = stdin or getattr(sys.stdin, "buffer", None)
            if stdin is None:
                raise RefusedError("standard input is closed")
            sources.append(_keep_stdin(output, stdin, form))
            continue
        if corpus := corpus_files(name):
            say(f"{name} is a corpus: of its files {corpus[0].name} is read")
        found, several = find_files(str(corpus[0]) if corpus else name)
        found = _outside(found, str(output))
        inputs_alone = _without_runs(found, name) if several else found
        sources_of = [
            file._replace(format=known, input=name)
            for file in inputs_alone
            if (known := _format(file.path, form, several=several))
        ]
        if not sources_of:
            raise RefusedError(f"{name}: no file that can be read ({', '.join(sorted(SUFFIXES))})")
        sources += sources_of
        if is_url(name) or not run_manifest(name):  # a run's other files are no pages, either
            taken = {file.path for file in sources_of}
            for other in (file for file in found if file.path not in taken):
                LOGGER.debug("passed over: %s", other.name)
                passed_over += 1
    _check_readers(sources)
    return _each_once(sources), passed_over


def corpus_files(name: str) -> tuple[Path, Path] | None:
    """Pages and labels of a folder that is a corpus, compressed or not; None if it is none."""
    pages, labels = (
        next((path for suffix in ("", *PACKED) if (path := Path(name) / f"{file}{suffix}").is_file()), None)
        for file in CORPUS
    )
    return (pages, labels) if pages and labels else None


def _each_once(sources: Sequence[Source]) -> list[Source]:
    """The files, with what tells whether they change, without those that are named before or listed, since they are read as rows."""
    first: dict[str, Source] = {}
    for path, source in zip(_real_paths(sources), sources, strict=True):
        first.setdefault(path, source)
    if again := len(sources) - len(first):
        say(f"{counted(again, 'file')} named again by another input: each is read once, under its first name")
    sources = [source._replace(listed=_listed_files(source)) for source in first.values()]
    listed = {path for source in sources for path in source.listed}
    return [
        source if source.format == "pages" or source.input == "-" else source._replace(edges=digest_edges(source))
        for source in sources
        if not listed or str(Path(source.path).resolve()) not in listed
    ]


def _listed_files(source: Source) -> tuple[str, ...]:
    """Files below a file's folder that its rows name in place of pages."""
    if source.format != LISTING or is_url(source.path):
        return ()
    folder, found = Path(source.path).parent.resolve(), []
    for path in listed_paths(source.path):
        with suppress(OSError, RuntimeError, ValueError):  # no path, or links in a circle
            file = (folder / path).resolve()
            found += [str(file)] if file.is_file() and file.is_relative_to(folder) else []
    return tuple(found)


def _check_readers(sources: Sequence[Source]) -> None:
    """Raise RefusedError now, not after an hour or in a worker, if a package that reads a source is not installed."""
    for form in {source.format for source in sources}:
        for module in NEEDED.get(form, ()):
            extra(module, f"reading {form}")
    if any(plain_name(source.path).suffix in {".zst", ".zstd"} for source in sources):
        extra("zstandard", "reading .zst")


def _outside(found: Sequence[Source], folder: str) -> list[Source]:
    """Files outside a folder, by resolved paths."""
    inside = canonical(folder)
    return [file for file, path in zip(found, _real_paths(found), strict=True) if not path.startswith(inside)]


def _real_paths(files: Sequence[Source]) -> list[str]:
    """Paths of the files in the folders where they are; a link to a file is a file of its own."""
    places = {folder: canonical(folder) for folder in {file.path.rpartition("/")[0] for file in files}}
    return [f"{places[folder]}{name}" for folder, _, name in (file.path.rpartition("/") for file in files)]


def _without_runs(found: Sequence[Source], name: str) -> list[Source]:
    """Files that are not the output of a run in a subfolder; if a run itself is named, the pages that it scored."""
    if is_pattern(name) and (PART in name or not {*FOLDERS}.isdisjoint(name.split("/"))):
        return list(found)  # a pattern that names parts wants them
    top = "" if is_pattern(name) else canonical(name.rstrip("/"))
    folders = {folder for file in found for folder in _run_folders(file.path)}
    runs = {canonical(folder): f"{folder}/" for folder in folders if run_manifest(folder)}
    if top in runs:
        pages = tuple(f"{runs[top]}{kind}/{PART}" for kind in (KEPT, DROPPED))
        return [file for file in found if file.path.startswith(pages)]
    below = tuple(folder for place, folder in runs.items() if not top.startswith(place))
    return [file for file in found if not file.path.startswith(below)]


def _run_folders(path: str) -> list[str]:
    """Folders that would be a run's if this is one of its files."""
    folder, _, name = path.rpartition("/")
    above, _, last = folder.rpartition("/")
    if last.startswith(HIDDEN) or (last in FOLDERS and name.startswith(PART)):
        return [above]
    return [folder] if name in RUN_FILES or name.startswith(f"{STDIN}-") else []


def run_manifest(folder: str) -> dict[str, Any]:
    """The manifest of a run; empty if the folder holds none."""
    try:
        with open_bytes(f"{folder}/{MANIFEST}") as file:
            known = json.loads(file.read(1 << 26))
    except (OSError, ValueError, RecursionError):
        return {}
    return known if isinstance(known, dict) and {"layout", "noisefilter", "inputs"} <= known.keys() else {}


def canonical(folder: str) -> str:
    """A folder's canonical path or URL, for comparison; it ends in a slash."""
    system, is_remote, path = folder.partition("://")
    return f"{system}://{path.strip('/')}/" if is_remote else f"{Path(folder).resolve()}/"


def _format(path: str, form: str, *, several: bool) -> str | None:
    """A file's format; None for a file in a folder whose name does not tell it."""
    if form != "auto":
        return form
    name = plain_name(path)
    suffix = name.with_suffix("").suffix if name.suffix in PACKED else name.suffix
    if suffix in SUFFIXES or several:
        return SUFFIXES.get(suffix)
    if suffix in WORKBOOKS:
        raise RefusedError(f"{path}: workbooks are not read: save the sheet as CSV in UTF-8")
    with open_plain(path) as file:
        return _guess_format(file)


def _keep_stdin(output: Storage, stdin: IO[bytes], form: str) -> Source:
    """Standard input as a file in the output folder; its hash tells whether it is the same next time."""
    fresh = output.spool / f"{STDIN}.{uuid.uuid4().hex}.tmp"
    try:
        with fresh.open("xb+") as file:
            shutil.copyfileobj(stdin, file, 1 << 20)
            size = file.tell()
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            packed = packing("", file)
            form = _guess_format(unpacked(file, packed)) if form == "auto" else form
        suffix = next(suffix for suffix, known in SUFFIXES.items() if known == form)
        kept = output.put(fresh, f"{STDIN}-{digest[:16]}{suffix}{packed}")
    finally:
        fresh.unlink(missing_ok=True)
    return Source(kept, "-", size, digest, form, "-")


def _guess_format(content: IO[bytes]) -> str:
    """The format of content without a telling name; if it is damaged near its beginning, lines, whose readable ones count."""
    try:
        head = content.read(4096).lstrip(b"\xef\xbb\xbf \r\n")
    except BrokenFileError:
        return "jsonl"
    names, _ = split_head("".join(head.decode("utf8", "replace").splitlines()[:1]))
    is_prose = len(names) < 2 or PAGE_COLUMNS.isdisjoint(names) or any(name != name.strip() for name in names)
    begins = head[:1] + head[1:].lstrip()
    return next((known for mark, known in BEGINNINGS if begins.startswith(mark)), "pages" if is_prose else "csv")

"""Inputs → shards, and the manifest by which a later start recognises the same run."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import uuid
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict
from glob import has_magic
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from noisefilter.batch.errors import RefusedError, extra
from noisefilter.batch.fields import CONTENT, LISTING
from noisefilter.batch.files import (
    PACKED,
    BrokenFileError,
    Source,
    digest_edges,
    digest_files,
    find_files,
    is_url,
    open_bytes,
    open_plain,
    unpacked,
)
from noisefilter.batch.readers import cut_file, join_pieces, listed_paths, split_head
from noisefilter.batch.tasks import DROPPED, FOLDERS, HIDDEN, KEPT, MANIFEST, OWN, PART, RUN_FILES, STDIN, Piece, Shard
from noisefilter.model import DEFAULT, folder_of
from noisefilter.model import MANIFEST as MODEL_MANIFEST
from noisefilter.report.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.batch.options import Options
    from noisefilter.batch.storage import Storage

    CutFile = Callable[[Source, int, int], list[Piece]]

#: Formats by the suffixes of files; the first one is also what standard input is kept under.
SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".warc": "warc",
    **dict.fromkeys((".txt", ".text", ".md", ".html", ".htm", ".xhtml"), "pages"),
}
#: Packages that read a format; of WARC also what unpacks the pages in it.
NEEDED = {"parquet": ("pyarrow",), "warc": ("fastwarc", "zstandard", "brotli")}
#: First bytes of content, where no name tells its format; and of compressed content. An array is no JSON lines, which its
#: reader says; as a page it would be scored.
BEGINNINGS = ((b"PAR1", "parquet"), (b"WARC/", "warc"), (b"{", "jsonl"), (b"[{", "jsonl"))
#: Columns that hold a page: a first line that names one of them beside others is hardly a text's.
PAGE_COLUMNS = {f"{OWN}_text", *(name for name, _ in CONTENT)}
PACKED_BEGINNINGS = ((b"\x1f\x8b", ".gz"), (b"\x28\xb5\x2f\xfd", ".zst"), (b"BZh", ".bz2"), (b"\xfd7zXZ\0", ".xz"))
#: Default pages of a shard: a sixteenth of what is left (the most that 16 workers can take without one of them waiting
#: for the others), but no more than should be redone after a kill, and no fewer than are worth writing a folder for.
SHARE, SMALLEST, LARGEST = 16, 16, 256
#: Files of a corpus: its pages, which may be in files that it names, and their labels.
CORPUS = ("pages.jsonl", "labels.jsonl")
#: Version of the layout of the output folder and its manifest.
LAYOUT = 3


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
        if is_url(name) or not holds_run(name):  # a run's other files are no pages, either
            passed_over += len(found) - len(sources_of)
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
    """The files, with what tells whether they change, and without those that are listed, since they are read as rows."""
    sources = [source._replace(listed=_listed_files(source)) for source in sources]
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
    if any(source.path.endswith((".zst", ".zstd")) for source in sources):
        extra("zstandard", "reading .zst")


def _outside(found: Sequence[Source], folder: str) -> list[Source]:
    """Files outside a folder, by resolved paths."""
    inside = _real(folder)
    places = {place: _real(place) for place in {file.path.rpartition("/")[0] for file in found}}
    return [file for file in found if not places[file.path.rpartition("/")[0]].startswith(inside)]


def _without_runs(found: Sequence[Source], name: str) -> list[Source]:
    """Files that are not the output of a run in a subfolder; if a run itself is named, the pages that it scored."""
    if has_magic(name) and (PART in name or not {*FOLDERS}.isdisjoint(name.split("/"))):
        return list(found)  # a pattern that names parts wants them
    top = "" if has_magic(name) else _real(name.rstrip("/"))
    folders = {folder for file in found for folder in _run_folders(file.path)}
    runs = {_real(folder): f"{folder}/" for folder in folders if holds_run(folder)}
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


def holds_run(folder: str) -> bool:
    """Whether a folder holds a run's manifest."""
    try:
        with open_bytes(f"{folder}/{MANIFEST}") as file:
            known = json.loads(file.read(1 << 26))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(known, dict) and {"layout", "noisefilter", "inputs"} <= known.keys()


def _real(folder: str) -> str:
    """A folder's canonical path or URL, for comparison; it ends in a slash."""
    system, is_remote, path = folder.partition("://")
    return f"{system}://{path.strip('/')}/" if is_remote else f"{Path(folder).resolve()}/"


def _format(path: str, form: str, *, several: bool) -> str | None:
    """A file's format; None for a file in a folder whose name does not tell it."""
    if form != "auto":
        return form
    name = Path(path.partition("?")[0].lower())
    suffix = name.with_suffix("").suffix if name.suffix in PACKED else name.suffix
    if suffix in SUFFIXES or several:
        return SUFFIXES.get(suffix)
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
            head = file.read(8)
            packed = next((suffix for mark, suffix in PACKED_BEGINNINGS if head.startswith(mark)), "")
            file.seek(0)
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


def cut_here(source: Source, size: int, largest: int) -> list[Piece]:
    """Pieces of a file, cut in this process: see `cut_file`."""
    return cut_file(source.piece, size, largest)


def make_shards(sources: Sequence[Source], size: int | None, cut: CutFile = cut_here) -> list[Shard]:
    """Shards of at most `size` rows, small files together; one per file if `size` is 0.

    If it is None, each shard is a share of what is left. So there are few, yet they get smaller towards the end of the
    run, and no worker waits long for another's last one. `cut` gives the pieces of a file.
    """
    pieces = list(_all_pieces(sources, SMALLEST if size is None else size, LARGEST if size is None else 0, cut))
    left = sum(piece.count for piece in pieces)
    gathered: list[list[Piece]] = []
    rows = 0
    for piece in pieces:
        room = min(LARGEST, max(SMALLEST, left // SHARE)) if size is None else size
        alone = piece.count < 0 or (gathered and gathered[-1][-1].count < 0)  # it was not counted
        if not gathered or alone or rows + piece.count > room:
            gathered.append([])
            left -= rows
            rows = 0
        gathered[-1].append(piece)
        rows += piece.count
    return [Shard(number, join_pieces(pieces)) for number, pieces in enumerate(gathered)]


def _all_pieces(sources: Sequence[Source], size: int, largest: int, cut: CutFile) -> Iterator[Piece]:
    for (form, name), group in groupby(sources, key=lambda source: (source.format, source.input)):
        if form != "pages":
            for source in group:
                yield from cut(source, size, largest)
            continue
        files = [(source.path, source.name) for source in group]
        step = size or 1000  # with one page per shard, a run would mostly wait for the disk
        for start in range(0, len(files), step):
            part = tuple(files[start : start + step])
            yield Piece(name, name, form, count=len(part), files=part)


def make_manifest(sources: Sequence[Source], options: Options) -> dict[str, Any]:
    """What identifies a run: inputs, options, model and version.

    Raises:
        RefusedError: there is no such model.
    """
    pages = defaultdict[str, list[Source]](list)
    for source in sources:
        if source.format == "pages":
            pages[source.input].append(source)
    inputs = [_facts(source) for source in sources if source.format != "pages"]
    for name, files in pages.items():
        total = sum(file.size for file in files)
        inputs.append({"name": name, "files": len(files), "size": total, "stamp": digest_files(files)})
    return {
        "layout": LAYOUT,
        "noisefilter": version("noisefilter"),
        "model": describe_model(options.model),
        "options": json.loads(json.dumps({key: value for key, value in asdict(options).items() if key != "model"})),
        "inputs": inputs,
    }


def _facts(source: Source) -> dict[str, Any]:
    """What identifies a file."""
    return {"name": source.name, "size": source.size, "stamp": source.stamp, "edges": source.edges}


def describe_model(folder: str | None) -> str:
    """Name, version and hash of a model, without loading it."""
    path = folder_of(folder or DEFAULT) / MODEL_MANIFEST
    try:
        known = json.loads(path.read_text(encoding="utf8"))
        return f"{known['name']}-{known['version']} ({known['arrays_sha256'][:16]})"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"no model in {path.parent}: {error}") from error


def describe_software(options: Options) -> str:
    """Version and model, which must be the same wherever shards are processed."""
    return f"noisefilter {version('noisefilter')} with {describe_model(options.model)}"


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed between two manifests, in words."""
    old, new = (
        {name: manifest.get(name) for name in ("layout", "noisefilter", "model")}
        | _flat(manifest.get("options", {}), "option ")
        for manifest in (before, now)
    )
    found = [
        f"{name}: {old.get(name)} then, {new.get(name)} now" for name in old | new if old.get(name) != new.get(name)
    ]
    return found + _changed_inputs(before.get("inputs", []), now["inputs"])


def _flat(options: dict[str, Any], name: str) -> dict[str, Any]:
    """Options by name; nested ones are flattened, as in `policy.drop_at`."""
    found: dict[str, Any] = {}
    for key, value in options.items():
        found |= _flat(value, f"{name}{key}.") if isinstance(value, dict) else {f"{name}{key}": value}
    return found


def _changed_inputs(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    old, new = {item["name"]: item for item in before}, {item["name"]: item for item in now}
    found = [f"input {name}: gone" for name in old if name not in new]
    found += [f"input {name}: new" for name in new if name not in old]
    for name in (name for name in new if name in old):
        facts = ((fact, old[name].get(fact), new[name].get(fact)) for fact in ("files", "size", "stamp", "edges"))
        fact, then, today = next((fact for fact in facts if fact[1] != fact[2]), ("", None, None))
        if fact in {"files", "size"}:
            found.append(f"input {name}: {fact} {then} then, {today} now")
        elif fact:
            found.append(f"input {name}: its content or date changed")
    if not found and before != now:
        found.append("inputs: in another order, or one of them twice")
    return found


def changed_files(sources: Sequence[Source]) -> list[str]:
    """Which files have changed since they were listed, in words; new ones do not count."""
    read = [source for source in sources if source.input != "-"]
    now: dict[str, Source] = {}
    for name in dict.fromkeys(source.input for source in read):
        with suppress(RefusedError):
            now |= {file.path: file for file in find_files(name)[0]}
    again = [
        file._replace(edges=source.edges and digest_edges(file._replace(listed=source.listed)))
        for source in read
        if (file := now.get(source.path))
    ]
    return _changed_inputs(list(map(_facts, read)), list(map(_facts, again)))


def shards_to_json(shards: Sequence[Shard]) -> bytes:
    """The plan as a run stores it."""
    return json.dumps([[asdict(piece) for piece in shard.pieces] for shard in shards]).encode("utf-8", "surrogatepass")


def shards_from_json(content: bytes) -> list[Shard]:
    """The plan as a run stored it."""
    return [
        Shard(number, tuple(Piece(**{**piece, "files": tuple(map(tuple, piece["files"]))}) for piece in pieces))
        for number, pieces in enumerate(json.loads(content))
    ]

"""Paths and URLs → bytes: local files by Python, everything with `://` by fsspec."""

from __future__ import annotations

import bz2
import hashlib
import io
import lzma
import os
import zlib
from contextlib import suppress
from functools import partial
from glob import glob, has_magic
from os.path import samestat
from pathlib import Path
from stat import S_ISREG
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

from noisefilter.batch.errors import RefusedError, extra
from noisefilter.batch.tasks import PULSE, Piece
from noisefilter.page import MAX_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Most bytes of a page, decompressed: a larger one is `too_large` wherever it comes from, and must not be read into
#: memory to find that out.
MAX_PAGE = 4 * MAX_CHARACTERS
#: Compressed bytes that are decompressed at a time: zstd may expand them 32,768 times.
PACKED_STEP = 2048
#: Bytes at a file's beginning and end that tell whether it changed.
EDGE = 1 << 16
#: File systems' names for what changes with the content, the surest first.
STAMPS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "updated", "created")


class BrokenFileError(EOFError):
    """Compressed content that ends early or cannot be decompressed; any other error is the machine's."""


def damage(error: Exception) -> str:
    """What is wrong with a file, by an error of a library that reads it; one with an errno is the machine's: raised."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return str(error)


class Source(NamedTuple):
    """A file of an input: where it is, how ids name it, its size, and what changes with its content.

    Then its format, the input that named it, a hash of its beginning and end, unless it is a page, and the paths of the
    files that its rows name in place of their pages.
    """

    path: str
    name: str
    size: int
    stamp: str
    format: str = ""
    input: str = ""
    edges: str = ""
    listed: tuple[str, ...] = ()

    @property
    def piece(self) -> Piece:
        """The file as one piece."""
        files = ((self.path, self.name),) if self.format == "pages" else ()
        return Piece(self.path, self.name, self.format, files=files)


def is_url(path: str) -> bool:
    """Whether fsspec opens it."""
    return "://" in path


def is_pattern(path: str) -> bool:
    """Whether a name stands for the files that it matches; a folder may be called `run[1]`."""
    return has_magic(path) and not Path(path).exists()


def plain_name(path: str) -> Path:
    """A file's name in lower case, as its suffixes are read; of a URL without its query."""
    return Path(path.partition("?")[0].lower() if is_url(path) else path.lower())


def find_files(path: str) -> tuple[list[Source], bool]:
    """Files that an input names, sorted; and whether it is a folder or pattern, whose other files may be skipped.

    Raises:
        RefusedError: there is no such file.
    """
    found, single = _find_remote(path) if is_url(path) else _find_local(path)
    if not found:
        raise RefusedError(f"{path or 'an empty name'}: {_what_is_missing(path)}")
    return found, not single


def _what_is_missing(path: str) -> str:
    if not path or not Path(path).exists():
        return "no such file"
    return "no file in this folder" if Path(path).is_dir() else "a pipe or device: name - and give it as standard input"


def _find_local(path: str) -> tuple[list[Source], bool]:
    single = Path(path).is_file()
    inside = _files_below(path) if path and Path(path).is_dir() else glob(path, recursive=True)  # noqa: PTH207 - absolute ones
    names = [path] if single else sorted(name for name in inside if Path(name).is_file())
    printed = _printed_files()
    found = [name for name in names if not any(samestat(Path(name).stat(), file) for file in printed)]
    if single and not found:
        raise RefusedError(f"{path} is what this command prints to")
    return [_local(name) for name in found], single


def _files_below(folder: str) -> Iterator[str]:
    """Files of a folder and its subfolders; one that cannot be listed is an error, since its pages would be missing."""

    def refuse(error: OSError) -> NoReturn:
        raise RefusedError(f"{error.filename}: {error.strerror}") from error

    return (str(Path(place) / name) for place, _, names in os.walk(folder, onerror=refuse) for name in names)


def _printed_files() -> list[os.stat_result]:
    """Files that standard output and error go to, which grow while they are read; none in a terminal or a pipe."""
    found = []
    for stream in (1, 2):
        with suppress(OSError):  # it is closed
            found.append(os.fstat(stream))
    return [facts for facts in found if S_ISREG(facts.st_mode)]


def _local(name: str) -> Source:
    facts = Path(name).stat()
    return Source(str(Path(name).absolute()), name, facts.st_size, str(facts.st_mtime_ns))


def _find_remote(url: str) -> tuple[list[Source], bool]:
    fsspec = extra("fsspec", url)
    try:
        system, root = fsspec.core.url_to_fs(url)
        system.invalidate_cache()
        single = not has_magic(root) and system.isfile(root)
        names = [root] if single else system.glob(root) if has_magic(root) else system.find(root)
        if not names and not has_magic(root):
            system.info(root)  # raises what kept the others from finding it
        return [_remote(system, name) for name in sorted(names) if system.isfile(name)], single
    except ImportError as error:  # fsspec's own message names the package of a store
        how = "python -m pip install 'fsspec[http]'" if url.startswith("http") else str(error)
        raise RefusedError(f"{url} needs another package: {how}") from error
    except Exception as error:  # stores have errors of their own: no credentials, no such host
        raise RefusedError(f"{url}: {_fault(error)}") from error


def _fault(error: Exception) -> str:
    """What a store's error says of its first cause: the HTTP status, the system's words for a connection, or itself."""
    first: BaseException = error
    while first.__cause__ is not None:
        first = first.__cause__
    if status := getattr(first, "status", None):
        return f"HTTP {status} {getattr(first, 'message', '')}".rstrip()
    if isinstance(first, FileNotFoundError):
        return "no such file"
    if isinstance(first, OSError) and first.errno:  # those of name servers are negative
        return os.strerror(first.errno) if first.errno > 0 else str(first.strerror)
    return f"{type(error).__name__}: {error}"


def _remote(system: Any, name: str) -> Source:  # noqa: ANN401 - an fsspec file system
    facts = system.info(name)
    stamp = next((str(facts[key]) for key in STAMPS if facts.get(key)), "")
    url = system.unstrip_protocol(name)
    return Source(url, url, int(facts["size"] or 0), stamp)


def open_bytes(path: str) -> io.BufferedReader:
    """Open a file as it is."""
    if is_url(path):
        # buffered by Python: a store's own file has no `readline` of limited length
        return io.BufferedReader(extra("fsspec", path).open(path, "rb").open(), 1 << 20)
    return Path(path).open("rb")


def open_plain(path: str) -> IO[bytes]:
    """Open a file, decompressed as its suffix says, or else its first bytes; reading raises `BrokenFileError` if it is damaged."""
    file = open_bytes(path)
    return unpacked(file, packing(path, file))


def unpacked(file: IO[bytes], suffix: str) -> IO[bytes]:
    """The content of an open file, decompressed as a suffix says; see `open_plain`."""
    begin = PACKED.get(suffix)
    return file if begin is None else io.BufferedReader(_Frames(file, begin), 1 << 20)


def packing(path: str, file: io.BufferedReader | io.BufferedRandom) -> str:
    """Suffix of a file's compression, "" if it has none: that of its name, or of files that begin like it."""
    suffix = plain_name(path).suffix
    if suffix in PACKED:
        return suffix
    return next((suffix for suffix, mark in MARKS.items() if file.peek(10).startswith(mark)), "")


def is_packed(path: str) -> bool:
    """Whether a file is compressed, and can only be read from its start."""
    if plain_name(path).suffix in PACKED:
        return True
    with open_bytes(path) as file:
        return packing(path, file) != ""


class _Frames(io.RawIOBase):
    """Decompressed frames, each by a decompressor from `begin`; the libraries' own readers differ in how they report a truncated file.

    Seeking reads what lies between, and from the file's start to go back.
    """

    def __init__(self, source: IO[bytes], begin: Callable[[], Any]) -> None:
        self._source, self._begin = source, begin
        self._start()

    def _start(self) -> None:
        self._packed, self._unpacked = b"", memoryview(b"")
        self._frame: Any = None
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + (self._place if whence == io.SEEK_CUR else 0)
        if target < self._place:
            self._source.seek(0)
            self._start()
        while self._place < target and self.readinto(bytearray(min(target - self._place, EDGE))):
            PULSE.tick()
        return self._place

    def close(self) -> None:
        self._source.close()
        super().close()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever Python reads into
        view = memoryview(buffer)
        while not self._unpacked:
            self._packed = self._packed or self._source.read(PACKED_STEP)
            if not self._packed:
                if self._frame is not None:
                    raise BrokenFileError("the file ends inside a compressed frame")
                return 0
            self._unpack()
        count = min(len(view), len(self._unpacked))
        view[:count] = self._unpacked[:count]
        self._unpacked = self._unpacked[count:]
        self._place += count
        return count

    def _unpack(self) -> None:
        """Decompress the bytes at hand, up to the end of a frame; NULs between frames are padding."""
        if self._frame is None:
            self._packed = self._packed.lstrip(b"\0")
            if not self._packed:
                return
            self._frame = self._begin()
        try:
            self._unpacked = memoryview(self._frame.decompress(self._packed))
        except MemoryError:
            raise
        except Exception as error:  # each library has its own
            raise BrokenFileError(str(error)) from error
        self._packed = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame = None


def _begin_zstd() -> Any:  # noqa: ANN401 - a decompressor
    return extra("zstandard", "a .zst file").ZstdDecompressor().decompressobj()


#: How compressed content begins, by the suffix of its files; a text may begin with BZh, too.
GZIP, ZSTD, XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0"
BZIP2 = tuple(b"BZh%d%s" % (level, block) for level in range(1, 10) for block in (b"1AY&SY", b"\x17rE8P\x90"))
MARKS: dict[str, bytes | tuple[bytes, ...]] = {".gz": GZIP, ".zst": ZSTD, ".bz2": BZIP2, ".xz": XZ}
#: Suffixes of compressed files, and what makes a decompressor of one frame.
PACKED: dict[str, Callable[[], Any]] = {
    ".gz": partial(zlib.decompressobj, 31),
    ".zst": _begin_zstd,
    ".zstd": _begin_zstd,
    ".bz2": bz2.BZ2Decompressor,
    ".xz": lzma.LZMADecompressor,
}


def digest_edges(file: Source) -> str:
    """Hash of a file's beginning and end, and of the files that it lists; "" if the store's own stamp changes with the content."""
    if is_url(file.path) and file.stamp:
        return ""
    with open_bytes(file.path) as content:
        head = content.read(EDGE)
        content.seek(max(0, file.size - EDGE))
        edges = hashlib.sha256(head + content.read(EDGE))
    edges.update(digest_files([_local(path) for path in file.listed if Path(path).is_file()]).encode())
    return edges.hexdigest()


def digest_files(files: list[Source]) -> str:
    """Hash that changes with any file of a list."""
    facts = "\n".join(f"{file.path}\t{file.size}\t{file.stamp}" for file in files)
    return hashlib.sha256(facts.encode("utf-8", "surrogatepass")).hexdigest()

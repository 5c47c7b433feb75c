"""Where a run writes: a folder on a disk, or one in an object store that fsspec knows. Both hold the same names.

Stores have no locks, so an object is rewritten at intervals, and whoever sees it change stays away. Clocks of different
machines are not compared. A lock that is no longer rewritten is taken over.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from noisefilter.batch.errors import BatchError, RefusedError, extra
from noisefilter.batch.files import is_url
from noisefilter.batch.tasks import COUNTS, FOLDERS, HIDDEN, LOCK, PART
from noisefilter.report.printing import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Seconds between tries of a request that a store failed. All requests made here may be repeated.
PAUSES_S = (1.0, 5.0)
#: Errors that no retry changes.
FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, BatchError)
#: Seconds between writes of the lock; an object store takes a second at most, a busy machine a few.
BEAT_S = 10.0
#: Seconds for which an existing lock is watched: three writes may be late.
WATCH_S = 35.0
#: Seconds from the first write until it is read back: of two runs that found none and wrote at once, the later wins.
SETTLE_S = 2.0


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """The folder of a run on a local or shared disk: what is written is synced and then renamed."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def spool(self) -> Path:
        """Folder on this machine in which files are made before they are put here: itself, for renames."""
        return self.path

    def names(self) -> list[str]:
        """Names in it; none if it does not exist."""
        return sorted(file.name for file in self.path.iterdir()) if self.path.is_dir() else []

    def read(self, name: str) -> bytes | None:
        """A file's content; None if it does not exist."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return (self.path / name).read_bytes()
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically: whatever happens, it is there as a whole or not at all."""
        hidden = self.path / f".{name}.{os.getpid()}.tmp"
        hidden.write_bytes(content)
        _sync(hidden)
        self.put(hidden, name)
        _sync(self.path)

    def append(self, name: str, line: str) -> None:
        """Append a line to a file, durably; it is a line of its own even after one that was cut off."""
        with (self.path / name).open("a", encoding="ascii") as file:
            file.write(f"\n{line}\n")
        _sync(self.path / name)

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        (self.path / name).unlink(missing_ok=True)

    def put(self, path: Path, name: str) -> str:
        """Move a file of the spool here; returns its path."""
        return str(path.replace(self.path / name))

    def publish(self, hidden: Path, part: str) -> None:
        """Move a part's files, in a folder of the spool, to where they belong, the counts last; an existing part stays.

        The part is claimed by renaming the folder, which fails if another process has done so: the first one wins. What
        it could not move before it was killed, the second one moves.
        """
        counts = self.path / COUNTS / f"{part}.json"
        if counts.is_file():
            return
        for path in hidden.glob("*/*"):
            _sync(path)
        claim = self.path / f".{part}"
        try:
            hidden.rename(claim)
        except OSError:
            if not claim.is_dir() and not counts.is_file():
                raise
        for names in (FOLDERS[:-1], (COUNTS,)):
            self._move([path for name in names for path in claim.glob(f"{name}/*")], claim)
        shutil.rmtree(claim, ignore_errors=True)

    def _move(self, paths: Iterable[Path], claim: Path) -> None:
        """Move files to their folders; missing ones were moved by another process."""
        folders = set()
        for path in paths:
            target = self.path / path.relative_to(claim)
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True)
                _sync(self.path)
            folders.add(target.parent)
            try:
                path.replace(target)
            except FileNotFoundError:
                if not target.exists():
                    raise
        for folder in folders:
            _sync(folder)

    def finished(self) -> set[str]:
        """Names of the complete parts; listed, not looked up one by one, since a shared disk caches what it did not find."""
        return {path.stem for path in (self.path / COUNTS).glob(f"{PART}*")}

    def clear(self) -> None:
        """Remove what killed workers left unfinished."""
        for path in self.path.glob(f"{HIDDEN}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.path.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Lock the folder for this run; gives a check that raises BatchError if another run has taken it over.

        The system releases the lock when the process ends, however it does.

        Raises:
            RefusedError: another run is at work in it, or it cannot be a folder.
        """
        import fcntl  # noqa: PLC0415 - not on every system, and inputs are read on all

        if self.path.is_file():
            raise RefusedError(f"{self} is a file: the output is a folder of parts")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / LOCK).open("ab")
        except OSError as error:
            raise RefusedError(f"{self} cannot be written to: {error.strerror or error}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RefusedError(f"another run is at work in {self}") from error
            except OSError as error:
                raise RefusedError(f"{self} cannot be locked: {error.strerror or error}") from error
            yield lambda: None


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """A prefix in an object store: objects appear as a whole; a part is complete when its counts, put last, exist.

    Its methods do what those of `LocalFolder` do.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def spool(self) -> Path:
        """The system's temporary folder, of which each worker has its own."""
        return Path(tempfile.gettempdir())

    def _ask(self, call: Callable[[Any, str], Any], name: str = "") -> Any:  # noqa: ANN401 - the store's answer
        """What a call gives of the file system and the path of a name in this folder; it is tried several times.

        Raises:
            BatchError: the store failed, with what it said: stores raise many errors that are no OSError.
        """
        fsspec = extra("fsspec", self.url)
        try:
            system, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise RefusedError(f"{self.url}: {error}") from error
        system.invalidate_cache()
        for pause in (*PAUSES_S, None):
            try:
                return call(system, f"{root}/{name}" if name else root)
            except FINAL:
                raise
            except Exception as error:
                if pause is None:
                    raise BatchError(
                        f"{self.url}: the store failed {len(PAUSES_S) + 1} times: {type(error).__name__}: {error}"
                    ) from error
                time.sleep(pause)
        return None

    def names(self) -> list[str]:
        """Names in it; none if it does not exist."""
        with suppress(FileNotFoundError):
            paths = self._ask(lambda store, root: store.ls(root, detail=False))
            return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)
        return []

    def read(self, name: str) -> bytes | None:
        """An object's content; None if it does not exist."""
        with suppress(FileNotFoundError):
            return bytes(self._ask(lambda store, path: store.cat_file(path), name))
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write an object; stores do so atomically."""
        self._ask(lambda store, path: store.pipe_file(path, content), name)

    def append(self, name: str, line: str) -> None:
        """Rewrite an object with one more line: objects cannot grow."""
        self.write(name, (self.read(name) or b"") + f"{line}\n".encode("ascii"))

    def remove(self, name: str) -> None:
        """Remove an object, if it exists."""
        with suppress(FileNotFoundError):
            self._ask(lambda store, path: store.rm_file(path), name)

    def put(self, path: Path, name: str) -> str:
        """Upload a file of the spool, and remove it there; returns its URL."""
        self._ask(lambda store, target: store.put_file(str(path), target), name)
        path.unlink()
        return f"{self.url}/{name}"

    def publish(self, hidden: Path, part: str) -> None:
        """Upload a part's files, the counts last; nothing if they exist: then another process was first."""
        if self.read(f"{COUNTS}/{part}.json") is None:
            for path in sorted(hidden.glob("*/*"), key=lambda path: path.parent.name == COUNTS):
                self.put(path, str(path.relative_to(hidden)))

    def finished(self) -> set[str]:
        """Names of the parts whose counts are there; those of runs in subfolders do not count."""
        paths = self._ask(lambda store, folder: store.find(folder), COUNTS)
        names = [path.rpartition("/")[2] for path in paths]
        return {name.partition(".")[0] for name in names if name.startswith(PART)}

    def clear(self) -> None:
        """Do nothing: what is unfinished is in the workers' own folders, or will be overwritten."""

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Lock the folder for this run, by an object that is rewritten at intervals."""
        holder = f"{socket.gethostname()} process {os.getpid()} {uuid.uuid4().hex}"
        self._take(holder)
        stop, lost = threading.Event(), threading.Event()
        thread = threading.Thread(target=self._keep, args=(holder, stop, lost), daemon=True)
        thread.start()

        def check() -> None:
            if lost.is_set():
                raise BatchError(f"another run has taken {self} over: this one stood still for too long")

        try:
            yield check
        finally:
            stop.set()
            thread.join()
            with suppress(Exception):  # an unreachable store must not hide what ended the run
                if self._holder() == holder:
                    self.remove(LOCK)

    def _take(self, holder: str) -> None:
        try:
            seen = self.read(LOCK)
        except BatchError as error:
            raise RefusedError(str(error)) from error
        if seen is not None:
            LOGGER.warning("%s has the lock of another run: watching for %.0f s whether that is alive", self, WATCH_S)
            time.sleep(WATCH_S)
            if self.read(LOCK) not in {seen, None}:
                self._refuse()
        self._write_lock(holder)
        time.sleep(SETTLE_S)
        if self._holder() != holder:
            self._refuse()

    def _keep(self, holder: str, stop: threading.Event, lost: threading.Event) -> None:
        """Rewrite the lock until `stop`; set `lost` if another run has taken it, as it may after this one stalled."""
        while not stop.wait(BEAT_S):
            with suppress(Exception):  # a store may be unreachable for a while; if it stays so, the run itself fails
                if self._holder() != holder:
                    lost.set()
                    return
                self._write_lock(holder)

    def _write_lock(self, holder: str) -> None:
        self.write(LOCK, f"{holder} {time.time_ns()}".encode())

    def _holder(self) -> str:
        """Who wrote the lock: host, process and a random word."""
        return (self.read(LOCK) or b"").decode("utf8", "replace").rpartition(" ")[0]

    def _refuse(self) -> NoReturn:
        raise RefusedError(f"another run is at work in {self} ({self._holder().rpartition(' ')[0]})")


#: What engines send to their workers.
Storage = LocalFolder | ObjectFolder


def open_storage(output: str | Path) -> Storage:
    """The folder that a path or URL names; `file://` is a path, too, since a disk can do more than an object store.

    Raises:
        RefusedError: a URL that names none.
    """
    name = str(output)
    if not name or (is_url(name) and not name.partition("://")[2].strip("/")):
        raise RefusedError(f"{name or 'an empty name'} names no folder")
    if name.startswith("file://") or not is_url(name):
        return LocalFolder(Path(name.removeprefix("file://")).absolute())
    return ObjectFolder(name.rstrip("/"))


def read_known(folder: Storage, name: str) -> bytes:
    """Content of a file that a run must have; BatchError if it does not exist."""
    content = folder.read(name)
    if content is None:
        raise BatchError(f"{folder}/{name} is gone")
    return content


def _sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a power loss."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Where a run writes: a local folder, or one in an object store that fsspec knows. Both hold the same names."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from noisefilter.batch.errors import BatchError, RefusedError, extra
from noisefilter.batch.files import is_url, sync_folder, write_whole
from noisefilter.batch.lease import Lease
from noisefilter.batch.tasks import COUNTS, HIDDEN, PART, part_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOCK = ".lock"
#: Seconds between tries of a request that a store failed. All requests made here may be repeated.
PAUSES_S = (1.0, 5.0)
#: Errors that no retry changes.
FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, BatchError)


class Storage(Protocol):
    """The folder of a run; engines send it to their workers."""

    @property
    def place(self) -> str:
        """Prefix of its files' paths or URLs, without the last `/`."""

    @property
    def spool(self) -> Path:
        """Local folder in which files are made before they are put here."""

    def names(self) -> list[str]:
        """Names in it; none if it does not exist."""

    def read(self, name: str) -> bytes | None:
        """A file's content; None if it does not exist."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically."""

    def append(self, name: str, line: str) -> None:
        """Append a line to a file, durably."""

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""

    def put(self, path: Path, name: str) -> str:
        """Move a file of the spool here; returns its path or URL."""

    def publish(self, hidden: Path, name: str) -> None:
        """Move the files in a folder of the spool to a part's places, the counts last; an existing part stays."""

    def finished(self) -> set[str]:
        """Names of the complete parts: those whose counts are there."""

    def clear(self) -> None:
        """Remove what killed workers left unfinished."""

    def lock(self, tell: Callable[[str], object]) -> AbstractContextManager[Callable[[], None]]:
        """Lock the folder for this run; gives a check that raises BatchError if another run has taken it over.

        Args:
            tell: called with a message if it takes long.

        Raises:
            RefusedError: another run is at work in it, or it cannot be a folder.
        """


def open_storage(output: str | Path) -> Storage:
    """The folder that a path or URL names; `file://` is a path, too, since a disk can do more than an object store.

    Raises:
        RefusedError: a URL that names none.
    """
    name = str(output)
    if is_url(name) and not name.partition("://")[2].strip("/"):
        msg = f"{name} names no folder"
        raise RefusedError(msg)
    if name.startswith("file://"):
        return LocalFolder(Path(name.removeprefix("file://")).absolute())
    return ObjectFolder(name.rstrip("/")) if is_url(name) else LocalFolder(Path(name).absolute())


def refuse_memory(output: Storage) -> None:
    """Raise RefusedError for a store in memory, which workers, being other processes, do not see."""
    if output.place.startswith("memory:"):
        msg = f"{output} lives in one process, and pages are scored in others: choose a folder or an object store"
        raise RefusedError(msg)


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on a local or shared disk: what is written is synced and then renamed."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def place(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def spool(self) -> Path:
        """The folder itself: a rename is certain only within it."""
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
        """Write a file atomically."""
        write_whole(self.path / name, content)

    def append(self, name: str, line: str) -> None:
        """Append a line to a file, durably; it is a line of its own even after one that was cut off."""
        with (self.path / name).open("a", encoding="ascii") as file:
            file.write(f"\n{line}\n")
            file.flush()
            os.fsync(file.fileno())

    def remove(self, name: str) -> None:
        """Remove a file, if it exists."""
        (self.path / name).unlink(missing_ok=True)

    def put(self, path: Path, name: str) -> str:
        """Rename a file of the spool; returns its path."""
        return str(path.replace(self.path / name))

    def publish(self, hidden: Path, name: str) -> None:
        """Claim the part by renaming a folder of the spool, and move its files from there.

        The rename fails if the target is not empty, so the first process wins. What it could not move before it was
        killed, the second one moves.
        """
        if (self.path / part_path(name, COUNTS)).is_file():
            return
        sync_folder(hidden)
        claim = self.path / f".{name}"
        try:
            hidden.rename(claim)
        except OSError:
            if not claim.is_dir() and not (self.path / part_path(name, COUNTS)).is_file():
                raise
        for last in (False, True):
            self._move([path for path in claim.glob("*") if (path.name == COUNTS) is last], name)
        with suppress(OSError):  # another process is moving files, too
            claim.rmdir()

    def _move(self, paths: list[Path], name: str) -> None:
        """Move a part's files to their folders; missing ones were moved by another process."""
        targets = [self.path / part_path(name, path.name) for path in paths]
        for path, target in zip(paths, targets, strict=True):
            target.parent.mkdir(exist_ok=True)
            try:
                path.replace(target)
            except FileNotFoundError:
                if not target.exists():
                    raise
        for folder in (self.path, *{target.parent for target in targets}):
            sync_folder(folder)

    def finished(self) -> set[str]:
        """Names of the parts; listed, not looked up one by one, since a shared disk caches what it did not find."""
        return {path.stem for path in (self.path / part_path(PART, COUNTS)).parent.glob(f"{PART}*")}

    def clear(self) -> None:
        """Remove what killed workers left unfinished."""
        for path in self.path.glob(f"{HIDDEN}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in self.path.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, tell: Callable[[str], object]) -> Iterator[Callable[[], None]]:  # noqa: ARG002 - nothing takes long
        """Lock the folder for this process; the system releases it when the process ends, however it does."""
        import fcntl  # noqa: PLC0415 - not on every system, and inputs are read on all

        if self.path.is_file():
            msg = f"{self} is a file: the output is a folder of parts"
            raise RefusedError(msg)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            msg = f"{self} cannot be written to: {error.strerror or error}"
            raise RefusedError(msg) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                msg = f"another run is at work in {self}"
                raise RefusedError(msg) from error
            except OSError as error:
                msg = f"{self} cannot be locked: {error.strerror or error}"
                raise RefusedError(msg) from error
            yield lambda: None
        finally:
            os.close(handle)


class _Patient:
    """A file system with retries; its own errors (stores raise many that are no OSError) are reported with the URL."""

    def __init__(self, system: Any, url: str) -> None:  # noqa: ANN401 - an fsspec file system
        self._system, self._url = system, url

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call: Callable[..., Any] = getattr(self._system, name)

        def patient(*arguments: object, **options: object) -> Any:  # noqa: ANN401 - as the file system
            for pause in (*PAUSES_S, None):
                try:
                    return call(*arguments, **options)
                except FINAL:
                    raise
                except Exception as error:
                    if pause is None:
                        msg = (
                            f"{self._url}: the store failed {len(PAUSES_S) + 1} times: {type(error).__name__}: {error}"
                        )
                        raise BatchError(msg) from error
                    time.sleep(pause)
            return None

        return patient


@dataclass(frozen=True, slots=True)
class ObjectFolder:
    """A prefix in an object store: objects appear as a whole; a part is complete when its counts, put last, exist."""

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def place(self) -> str:
        """Its URL."""
        return self.url

    @property
    def spool(self) -> Path:
        """The system's temporary folder, of which each worker has its own."""
        return Path(tempfile.gettempdir())

    def _at(self, name: str = "") -> tuple[Any, str]:
        """The file system, with its cached listings dropped, and the path of a name in it."""
        fsspec = extra("fsspec", self.url)
        try:
            system, root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            msg = f"{self.url}: {error}"
            raise RefusedError(msg) from error
        system.invalidate_cache()
        return _Patient(system, self.url), f"{root}/{name}" if name else root

    def names(self) -> list[str]:
        """Names in it; none if it does not exist."""
        system, root = self._at()
        with suppress(FileNotFoundError):
            return sorted(path.rstrip("/").rpartition("/")[2] for path in system.ls(root, detail=False))
        return []

    def read(self, name: str) -> bytes | None:
        """An object's content; None if it does not exist."""
        system, path = self._at(name)
        with suppress(FileNotFoundError):
            return bytes(system.cat_file(path))
        return None

    def write(self, name: str, content: bytes) -> None:
        """Write an object; stores do so atomically."""
        system, path = self._at(name)
        system.pipe_file(path, content)

    def append(self, name: str, line: str) -> None:
        """Rewrite an object with one more line: objects cannot grow."""
        self.write(name, (self.read(name) or b"") + f"{line}\n".encode("ascii"))

    def remove(self, name: str) -> None:
        """Remove an object, if it exists."""
        system, path = self._at(name)
        with suppress(FileNotFoundError):
            system.rm_file(path)

    def put(self, path: Path, name: str) -> str:
        """Upload a file of the spool; returns its URL."""
        system, target = self._at(name)
        system.put_file(str(path), target)
        path.unlink()
        return f"{self.url}/{name}"

    def publish(self, hidden: Path, name: str) -> None:
        """Upload a folder of the spool, the counts last; nothing if they exist: then another process was first."""
        if self.read(part_path(name, COUNTS)) is not None:
            return
        for path in sorted(hidden.iterdir(), key=lambda path: path.name == COUNTS):
            self.put(path, part_path(name, path.name))

    def finished(self) -> set[str]:
        """Names of the parts whose counts are there; those of runs in subfolders do not count."""
        system, folder = self._at(part_path(PART, COUNTS).partition("/")[0])
        names = [path.rpartition("/")[2] for path in system.find(folder)]
        return {name.partition(".")[0] for name in names if name.startswith(PART)}

    def clear(self) -> None:
        """Do nothing: what is unfinished is in the workers' own folders, or will be overwritten."""

    @contextmanager
    def lock(self, tell: Callable[[str], object]) -> Iterator[Callable[[], None]]:
        """Lock the folder for this run, by an object that is rewritten at intervals."""
        try:
            self.read(LOCK)
        except BatchError as error:
            raise RefusedError(str(error)) from error
        with Lease(self, LOCK, tell) as lease:
            yield lease.check

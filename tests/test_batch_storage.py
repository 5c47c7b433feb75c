"""Where a run writes: a folder of a disk and one of an object store hold the same, and one run alone."""

from __future__ import annotations

import errno
import shutil
import time
import uuid
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from noisefilter.batch import BatchError, Limits, Options, RefusedError, run
from noisefilter.batch import storage as stores
from noisefilter.batch.engine import Waiting, run_locally
from noisefilter.batch.files import open_bytes
from noisefilter.batch.inputs import Inputs
from noisefilter.batch.shard import run_shard
from noisefilter.batch.storage import LocalFolder, ObjectFolder, open_storage
from noisefilter.batch.tasks import Died, Done, Range, Shard, Task
from tests.batches import QUICK, QUIET, all_ids, rows_of, write_jsonl

fsspec = pytest.importorskip("fsspec")
from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402
from fsspec.spec import AbstractBufferedFile  # noqa: E402

from tests import flaky_store  # noqa: E402

OPTIONS = Options(format="jsonl", scorer=QUICK, shard_pages=20)


def run_here(waiting, setting):
    """Do shards in this process, whose memory is the store."""
    while waiting:
        task = waiting.take()
        run_shard(task, setting.options, setting.output)
        waiting.settle(task.shard, Done())


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Leases that beat in milliseconds."""
    monkeypatch.setattr(stores, "BEAT_S", 0.02)
    monkeypatch.setattr(stores, "WATCH_S", 0.1)
    monkeypatch.setattr(stores, "SETTLE_S", 0.01)
    monkeypatch.setattr(stores, "PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr("noisefilter.batch.runner.run_locally", run_here)


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}/out"


@pytest.fixture(params=["local", "memory"])
def storage(request, tmp_path, url):
    if request.param == "memory":
        return open_storage(url)
    (tmp_path / "out").mkdir()
    return open_storage(tmp_path / "out")


def fetch(url: str, target: Path) -> Path:
    fsspec.filesystem("memory").get(url, str(target), recursive=True)
    return target


def test_a_url_is_an_object_store_and_anything_else_a_folder(tmp_path):
    assert open_storage("s3://crawl/out/") == ObjectFolder("s3://crawl/out")
    assert open_storage(tmp_path) == open_storage(f"file://{tmp_path}") == LocalFolder(tmp_path)


def test_a_run_into_an_object_store_writes_what_a_run_into_a_folder_writes(tmp_path, url):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(90))
    local = run([str(path)], tmp_path / "local", OPTIONS, console=QUIET)
    summary = run([str(path)], url, OPTIONS, console=QUIET)
    assert summary["kept"] == local["kept"] == 90
    found = fetch(url, tmp_path / "found")
    names = {file.relative_to(found) for file in found.rglob("*")}
    assert names == {file.relative_to(tmp_path / "local") for file in (tmp_path / "local").rglob("*")} - {Path(".lock")}
    for part in found.glob("kept/part-*.jsonl"):
        assert part.read_bytes() == (tmp_path / "local" / part.relative_to(found)).read_bytes()


def test_a_run_into_an_object_store_goes_on_where_counts_are_missing(tmp_path, url):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(60))
    run([str(path)], url, OPTIONS, console=QUIET)
    system = fsspec.filesystem("memory")
    system.rm(f"{url}/counts/part-00001.json")
    system.pipe(f"{url}/kept/part-00001.jsonl", b"cut o")
    before = system.info(f"{url}/kept/part-00002.jsonl")["created"]
    run([str(path)], url, OPTIONS, console=QUIET)
    assert Counter(all_ids(fetch(url, tmp_path / "found"))) == Counter(f"p{number}" for number in range(60))
    assert system.info(f"{url}/kept/part-00002.jsonl")["created"] == before


def test_the_output_of_a_run_in_a_store_is_read_if_it_is_named_and_not_below_another_name(tmp_path, url):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    run([str(path)], url, replace(OPTIONS, only=("keep",)), console=QUIET)
    for number, (name, count) in enumerate(((url, 30), (f"{url}/kept", 10), (f"{url}/dropped/part-*", 20))):
        assert run([name], tmp_path / f"new{number}", OPTIONS, console=QUIET)["read"] == count
    with pytest.raises(RefusedError, match="no file that can be read"):
        run([url.removesuffix("/out")], tmp_path / "new", OPTIONS, console=QUIET)
    assert sorted(given.id for given in Inputs([url])) == sorted(row["id"] for row in rows_of(30))


def test_parts_of_a_run_in_a_folder_below_are_not_of_this_one(url):
    open_storage(f"{url}/below").write("counts/part-00000.json", b"{}")
    assert open_storage(url).finished() == set()
    assert open_storage(f"{url}/below").finished() == {"part-00000"}


def test_standard_input_is_kept_in_the_object_store_and_nowhere_else(url, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = b'{"id": "a", "text": "some news"}\n'
    first = run(["-"], url, OPTIONS, console=QUIET, stdin=BytesIO(content))
    assert first["kept"] == 1
    assert run(["-"], url, OPTIONS, console=QUIET, stdin=BytesIO(content)) == first
    monkeypatch.setattr(ObjectFolder, "put", _away)
    with pytest.raises(OSError, match="away"):
        run(["-"], url, OPTIONS, console=QUIET, stdin=BytesIO(content))
    assert not list(tmp_path.iterdir())


def _away(*_: object) -> None:
    msg = "the store is away"
    raise OSError(msg)


def test_an_object_store_refuses_what_a_folder_refuses(tmp_path, url):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    fsspec.filesystem("memory").pipe(f"{url}/mine.txt", b"x")
    with pytest.raises(RefusedError, match=r"not empty and holds no run \(mine.txt\)"):
        run([str(path)], url, OPTIONS, console=QUIET)
    fsspec.filesystem("memory").rm(f"{url}/mine.txt")
    run([str(path)], url, OPTIONS, console=QUIET)
    with pytest.raises(RefusedError, match="option policy"):
        run([str(path)], url, Options(format="jsonl", scorer=QUICK, shard_pages=20, policy="strict"), console=QUIET)


def test_a_second_run_is_refused_while_the_first_lives(tmp_path, storage):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with storage.lock(), pytest.raises(RefusedError, match="another run is at work"):
        run([str(path)], str(storage), OPTIONS, console=QUIET)
    assert run([str(path)], str(storage), OPTIONS, console=QUIET)["kept"] == 3


def test_a_lease_that_no_one_writes_any_more_is_taken_over(tmp_path, url, caplog):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    open_storage(url).write(".lock", b"gone process 1 0 0")
    assert run([str(path)], url, OPTIONS, console=QUIET)["kept"] == 3
    assert "has the lock of another run: watching" in caplog.text
    assert open_storage(url).read(".lock") is None


def test_a_run_whose_lease_was_taken_stops_and_leaves_it_to_the_other(url):
    storage = open_storage(url)
    with storage.lock() as check:
        check()
        storage.write(".lock", b"other process 2 0 0")
        time.sleep(0.5)
        with pytest.raises(BatchError, match="taken"):
            check()
    assert storage.read(".lock") == b"other process 2 0 0"


def test_what_ended_a_run_is_told_although_its_lease_cannot_be_taken_away(url, monkeypatch):
    def fill() -> None:
        with open_storage(url).lock():
            monkeypatch.setattr(ObjectFolder, "read", _away)
            msg = "the disk is full"
            raise BatchError(msg)

    with pytest.raises(BatchError, match="the disk is full"):
        fill()


def test_a_part_that_stands_is_not_published_again(storage):
    for content in (b"first", b"second"):
        hidden = storage.spool / f".part-00000-{uuid.uuid4().hex}"
        for name in ("kept", "counts"):
            (hidden / name).mkdir(parents=True)
        (hidden / "kept" / "part-00000.jsonl").write_bytes(content)
        (hidden / "counts" / "part-00000.json").write_bytes(b"{}")
        storage.publish(hidden, "part-00000")
        shutil.rmtree(hidden, ignore_errors=True)
    assert storage.read("kept/part-00000.jsonl") == b"first"
    assert storage.finished() == {"part-00000"}


def test_what_the_first_to_publish_a_part_could_not_move_the_second_moves(tmp_path):
    out = tmp_path / "out"
    first, second = out / ".part-00000-first", out / ".part-00000-second"
    for folder in (first, second):
        for name in ("kept", "dropped", "counts"):
            (folder / name).mkdir(parents=True)
            (folder / name / "part-00000.json").write_text(folder.name, encoding="ascii")
    claim = first.rename(out / ".part-00000")  # and was killed behind its first move
    (out / "dropped").mkdir()
    (claim / "dropped" / "part-00000.json").rename(out / "dropped" / "part-00000.json")
    assert open_storage(out).finished() == set()
    open_storage(out).publish(second, "part-00000")
    assert open_storage(out).finished() == {"part-00000"}
    written = [path.read_text(encoding="ascii") for path in out.glob("*/part-*")]
    assert written == [".part-00000-first"] * 3
    assert not claim.exists()


def test_deaths_are_remembered(storage):
    shard = Shard(3, ())
    waiting = Waiting([shard], storage)
    for reason, pages in (("crash", Range(0, 20)), ("crash", Range(7, 8)), ("lost", Range(7, 8))):
        waiting.settle(waiting.take().shard, Died(reason, "", pages))
    assert Waiting([shard], storage).take() == Task(shard, {7: "lost"}, (Range(0, 20),))


class RangesFile(AbstractBufferedFile):  # type: ignore[misc] # fsspec publishes no types
    """A file as stores give it: read in ranges, and without a `readline` of a limited length."""

    def _fetch_range(self, start, end):
        return self.fs.cat_file(self.path, start, end)


def open_ranges(system, path, mode="rb", **_):
    return RangesFile(system, path, mode, size=system.info(path)["size"])


def test_lines_of_a_store_are_read_by_a_limited_length(url, monkeypatch):
    fsspec.filesystem("memory").pipe(url, b"one\ntwo\n")
    monkeypatch.setattr(MemoryFileSystem, "_open", open_ranges)
    with open_bytes(url) as file:
        assert file.readline(100) == b"one\n"
        file.seek(4)
        assert file.readline(2) == b"tw"


def test_a_store_that_cannot_be_reached_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(RefusedError, match="nowhere://out"):
        run([str(path)], "nowhere://out", OPTIONS, console=QUIET)


class StoreError(Exception):
    """As the libraries of stores have them: no OSError."""


def fail(monkeypatch: pytest.MonkeyPatch, name: str, times: int) -> None:
    """Make a call of the store fail so often."""
    before, left = getattr(MemoryFileSystem, name), [times]

    def failing(*arguments, **options):
        if left[0]:
            left[0] -= 1
            msg = "no credentials"
            raise StoreError(msg)
        return before(*arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, name, failing)


@pytest.mark.parametrize("name", ["cat_file", "pipe_file", "put_file", "find", "ls"])
def test_what_a_store_did_not_do_is_tried_again(tmp_path, url, monkeypatch, name):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    fail(monkeypatch, name, 2)
    assert run([str(path)], url, OPTIONS, console=QUIET)["kept"] == 30


@pytest.mark.parametrize("name", ["cat_file", "pipe_file", "put_file", "find", "ls"])
def test_a_store_that_fails_ends_the_run_with_its_name_and_what_it_said(tmp_path, url, monkeypatch, name):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    fail(monkeypatch, name, 10**9)
    with pytest.raises(BatchError, match=rf"{url}.*: StoreError: no credentials"):
        run([str(path)], url, OPTIONS, console=QUIET)


def test_an_input_whose_store_fails_is_refused_by_its_name(tmp_path, monkeypatch):
    fail(monkeypatch, "isfile", 10**9)
    with pytest.raises(RefusedError, match=r"memory://in/a\.jsonl: StoreError: no credentials"):
        run(["memory://in/a.jsonl"], tmp_path, OPTIONS, console=QUIET)


@pytest.mark.slow
def test_a_shard_whose_input_fails_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("noisefilter.batch.runner.run_locally", run_locally)
    write_jsonl(tmp_path / "a.jsonl", rows_of(30))
    chosen = Options(format="jsonl", scorer="tests.flaky_store:score_pages", shard_pages=0)
    flaky_store.register()
    summary = run([f"flaky://{tmp_path}/a.jsonl"], tmp_path / "out", chosen, Limits(jobs=1, timeout_s=4), console=QUIET)
    assert summary["kept"] == 30
    assert (tmp_path / "a.jsonl.failed").exists()
    assert not (tmp_path / "out" / "deaths.jsonl").exists()


@pytest.mark.parametrize("name", ["memory://", "s3:///", "file://"])
def test_a_url_that_names_no_folder_is_refused(name):
    with pytest.raises(RefusedError, match="names no folder"):
        open_storage(name)


def test_an_output_that_is_a_file_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(RefusedError, match="is a file"):
        run([str(path)], path, OPTIONS, console=QUIET)
    with pytest.raises(RefusedError, match="cannot be written to: Not a directory"):
        run([str(path)], path / "out", OPTIONS, console=QUIET)


def test_a_disk_that_knows_no_locks_is_not_taken_for_another_run(tmp_path, monkeypatch):
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(RefusedError, match="cannot be locked: No locks available"):
        run([str(write_jsonl(tmp_path / "a.jsonl", rows_of(3)))], tmp_path / "out", OPTIONS, console=QUIET)


def test_an_output_inside_of_its_input_is_no_input_whichever_way_leads_there(tmp_path, monkeypatch):
    (tmp_path / "crawl").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "crawl")
    write_jsonl(tmp_path / "crawl" / "a.jsonl", rows_of(3))
    monkeypatch.chdir(tmp_path / "crawl")
    for name in ("../crawl", str(tmp_path / "link")):
        output = Path("out") / Path(name).name
        first = run([name], output, OPTIONS, console=QUIET)
        assert run([name], output, OPTIONS, console=QUIET) == first
        shutil.rmtree("out")

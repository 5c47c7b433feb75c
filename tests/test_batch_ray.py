"""Runs on Ray: the same output as on one machine, whatever becomes of nodes and workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from noisefilter.batch import BatchError, Limits, Options, run
from noisefilter.batch.ray_engine import try_shard
from noisefilter.batch.storage import LocalFolder
from noisefilter.batch.tasks import Failed, Shard, Task
from noisefilter.batch.worker import Setting
from noisefilter.cli import app
from tests.batches import QUIET, SLOW, all_ids, options, parts, records, rows_of, wait_for, write_jsonl
from tests.making import ARTICLE, HTML_ARTICLE
from tests.poisoned import POISON

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
cluster_utils = pytest.importorskip("ray.cluster_utils")

pytestmark = [
    pytest.mark.slow,
    # Ray's own, about its next defaults and the files that its processes leave open
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
CLONE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def cluster():
    """A cluster whose head computes on one core; tests add nodes to it."""
    found = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8})
    yield found
    found.shutdown()


@pytest.fixture
def second(cluster):
    """A second node of one core."""
    node = cluster.add_node(num_cpus=1, object_store_memory=10**8)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


def clean(path: Path, output: Path, cluster: Any, chosen: Options, **limits: Any) -> dict[str, Any]:
    return run(
        [str(path)], output, chosen, Limits(**limits), engine="ray", address=cluster.address, console=QUIET
    )  # fmt: skip


def test_a_node_that_is_lost_in_mid_run_changes_nothing_in_the_output(tmp_path, cluster, second):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(400))
    run([str(path)], tmp_path / "local", options(scorer=SLOW), Limits(jobs=2), console=QUIET)
    then = []

    def lose() -> None:
        wait_for(lambda: parts(tmp_path / "out") >= 5)
        cluster.remove_node(second, allow_graceful=False)
        then.append(parts(tmp_path / "out"))

    thread = threading.Thread(target=lose)
    thread.start()
    summary = clean(path, tmp_path / "out", cluster, options(scorer=SLOW))
    thread.join()
    assert 5 <= then[0] < 20
    assert records(tmp_path / "out", "kept") == records(tmp_path / "local", "kept")
    assert (summary["kept"], summary["rejected"]) == (400, 0)


def test_pages_that_kill_are_tried_three_times_at_most_and_rejected_as_on_one_machine(tmp_path, cluster):
    poison = {"hang": (5,), "crash": (0, 33), "memory": (34,), "error": (59,)}
    rows = rows_of(60, **poison)
    for kind in POISON:
        for number in poison[kind]:
            rows[number]["title"] = str(tmp_path / f"tries-{number}")
    path, limits = write_jsonl(tmp_path / "a.jsonl", rows), {"timeout_s": 3, "memory_mb": 400}
    clean(path, tmp_path / "out", cluster, options(), **limits)
    tries = {file.name: file.stat().st_size for file in tmp_path.glob("tries-*")}
    assert set(tries) == {"tries-0", "tries-5", "tries-33", "tries-34"}
    assert max(tries.values()) <= 3
    run([str(path)], tmp_path / "local", options(), Limits(**limits), console=QUIET)
    for name in ("kept", "rejects"):
        assert records(tmp_path / "out", name) == records(tmp_path / "local", name)
    assert len(records(tmp_path / "out", "rejects")) == 5


def test_a_page_that_takes_its_whole_node_along_is_rejected_alone(tmp_path, cluster):
    rows = rows_of(40, parent=(23,))
    rows[23]["title"] = str(tmp_path / "tries")
    clean(write_jsonl(tmp_path / "a.jsonl", rows), tmp_path / "out", cluster, options())
    assert [(record["id"], record["reason"]) for record in records(tmp_path / "out", "rejects")] == [("p23", "lost")]
    assert (tmp_path / "tries").stat().st_size == 3
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(40))


def test_a_run_that_is_stopped_goes_on_with_another_engine(tmp_path, cluster):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(300))
    where = json.dumps({"engine": "ray", "address": cluster.address})
    chosen = json.dumps({"format": "jsonl", "scorer": SLOW, "shard_pages": 20})
    command = [sys.executable, "-m", "tests.clean_run", str(path), str(tmp_path / "out"), chosen, "{}", where]
    process = subprocess.Popen(command, cwd=CLONE, stderr=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    wait_for(lambda: parts(tmp_path / "out") > 2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) != 0
    done = parts(tmp_path / "out")
    assert done < 15
    assert not list((tmp_path / "out").glob(".part-*"))
    time.sleep(1)
    assert parts(tmp_path / "out") == done
    summary = run([str(path)], tmp_path / "out", options(scorer=SLOW), Limits(jobs=2), console=QUIET)
    assert summary["kept"] == 300
    assert Counter(all_ids(tmp_path / "out")) == Counter(f"p{number}" for number in range(300))


def test_the_command_gives_the_records_of_the_shipped_model(tmp_path, cluster):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.html").write_text(HTML_ARTICLE, encoding="utf8")
    (tmp_path / "in" / "two.txt").write_text(ARTICLE, encoding="utf8")
    outputs = {"local": (), "ray": ("--engine", "ray", "--address", cluster.address)}
    for name, engine in outputs.items():
        arguments = ["clean", str(tmp_path / "in"), "-o", str(tmp_path / name), "--jobs", "1", *engine]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0
        assert "2 read: " in result.stdout
    assert len(records(tmp_path / "ray", "kept")) == 2
    assert records(tmp_path / "ray", "kept") == records(tmp_path / "local", "kept")


def test_a_scorer_that_cannot_be_loaded_ends_the_run(tmp_path, cluster):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(BatchError, match="nowhere"):
        clean(path, tmp_path / "out", cluster, options(scorer="nowhere:score"))


def test_a_node_with_another_version_or_model_ends_the_run(tmp_path):
    setting = Setting(options(), Limits(), LocalFolder(tmp_path))
    ended = try_shard(setting, "noisefilter 9.9 with another model", Task(Shard(0, ())), 1, None)
    assert isinstance(ended, Failed)
    assert ended.message.endswith("but the run noisefilter 9.9 with another model")


@pytest.mark.parametrize("address", ["nowhere://head", "127.0.0.1:1"])
def test_a_cluster_that_is_not_there_ends_the_run(tmp_path, address):
    path = write_jsonl(tmp_path / "a.jsonl", rows_of(3))
    with pytest.raises(BatchError, match=f"no Ray cluster at {address}"):
        run([str(path)], tmp_path / "out", options(), engine="ray", address=address, console=QUIET)

"""Shards → finished shards, on this machine, by worker processes that are each watched from outside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from noisefilter.batch.tasks import Begun, Died, Ready, Scored
from noisefilter.batch.watch import Worker, listen

if TYPE_CHECKING:
    from noisefilter.batch.options import Limits, Options
    from noisefilter.batch.storage import Storage
    from noisefilter.batch.waiting import Waiting


def run_locally(waiting: Waiting, options: Options, limits: Limits, output: Storage) -> None:
    """Process the waiting shards; returns when every part is complete.

    Raises:
        BatchError: as `Waiting.settle`.
    """
    jobs = limits.jobs or os.cpu_count() or 1
    workers: list[Worker] = []
    try:
        while waiting or any(worker.task for worker in workers):
            while len(workers) < min(jobs, len(waiting) + sum(1 for worker in workers if worker.task)):
                workers.append(Worker(options, limits, output))
            for worker, task, message in listen(workers):
                match message:
                    case Begun():
                        worker.go()
                        continue
                    case Scored(pages):
                        waiting.on_scored(task.shard, pages.last)
                        continue
                    case Ready():
                        waiting.begin()
                    case end:
                        waiting.settle(task and task.shard, end)
                if isinstance(message, Died):
                    workers.remove(worker)
                elif waiting and not worker.is_worn:
                    worker.give(waiting.take())
                else:
                    workers.remove(worker)
                    worker.dismiss()
    finally:
        for worker in workers:
            worker.kill()

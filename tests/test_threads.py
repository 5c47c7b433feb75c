"""Threads that score, forks while they do, and exceptions between any two lines change no score and hang nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from noisefilter import score, threads
from noisefilter.text.tokens import Lexicon
from noisefilter.threads import late_import, one_blas_thread
from tests.making import ARTICLE, HTML_ARTICLE, SLUICE, vectors

#: Seconds after which a child counts as hung; one that does not takes one or two on a busy machine.
HUNG = 60
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
#: Python 3.12 warns of what is tested here.
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def pages_of(corpus) -> list[Any]:
    return [labelled.page for labelled in corpus[:8]] + [ARTICLE, HTML_ARTICLE]


def in_child(call) -> int:
    """Fork a process that exits with 0 if the call comes true; its number."""
    child = os.fork()
    if child:
        return child
    signal.alarm(HUNG)
    try:
        os._exit(0 if call() else 1)
    finally:
        os._exit(2)


def came_true(child: int) -> bool:
    return os.waitpid(child, 0)[1] == 0


@contextmanager
def scoring(pages, count: int):
    """Threads that score, and learn words that nobody has met, until the block ends."""
    ends = threading.Event()

    def run(number: int) -> None:
        turn = number
        while not ends.is_set():
            score(" ".join(f"word{number}x{turn}x{place}" for place in range(80)))
            score(pages[turn % len(pages)])
            turn += 1

    running = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        for thread in running:
            thread.join()


def test_twelve_threads_score_as_one_does(corpus):
    pages = pages_of(corpus)
    alone = [score(page) for page in pages]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(score, pages * 3)) == alone * 3


@needs_fork
@forks
def test_children_forked_while_threads_score_give_the_same_scores_and_none_hangs(corpus):
    pages = pages_of(corpus)
    alone = [score(page) for page in pages]
    with scoring(pages, 4):
        for start in range(0, 40, 4):
            children = [
                in_child(lambda turn=turn: score(pages[turn % len(pages)]) == alone[turn % len(pages)])
                for turn in range(start, start + 4)
            ]
            ended = [came_true(child) for child in children]  # all of them, before the first fault ends the test
            assert all(ended)


@needs_fork
@forks
def test_a_child_forked_while_a_module_is_imported_can_import_it(tmp_path, monkeypatch):
    (tmp_path / "late_and_slow.py").write_text("import time\ntime.sleep(0.5)\nREADY = True\n", encoding="utf8")
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=late_import, args=("late_and_slow",))
    thread.start()
    while "late_and_slow" not in sys.modules:
        time.sleep(0.001)
    child = in_child(lambda: late_import("late_and_slow").READY)
    thread.join()
    assert came_true(child)


class Blas:
    """A library whose number of threads is one for the whole process, and which, as in threadpoolctl 3.8, heeds one thread only."""

    def __init__(self, number: int) -> None:
        self.num_threads = number
        self.owner: int | None = None

    def clear_controlling_thread(self, *, force: bool) -> None:
        self.owner = None if force else self.owner

    def set_num_threads(self, number: int) -> None:
        self.owner = self.owner or threading.get_ident()
        if self.owner == threading.get_ident():
            self.num_threads = number


@pytest.fixture
def blas(monkeypatch):
    library = Blas(8)
    library.set_num_threads(8)  # by this thread
    monkeypatch.setattr(threads, "_libraries", lambda: [library])
    return library


def test_blas_has_one_thread_until_the_last_one_that_scores_is_done(blas):
    first_is_done, second_is_in = threading.Event(), threading.Event()
    seen = []

    def second() -> None:
        with one_blas_thread:
            second_is_in.set()
            first_is_done.wait()
            seen.append(blas.num_threads)

    thread = threading.Thread(target=second)
    with one_blas_thread:
        thread.start()
        second_is_in.wait()
        seen.append(blas.num_threads)
    first_is_done.set()
    thread.join()
    assert seen == [1, 1]
    assert blas.num_threads == 8


def test_a_number_that_somebody_set_meanwhile_stays(blas):
    with one_blas_thread:
        blas.set_num_threads(3)
    assert blas.num_threads == 3


def test_a_library_that_had_one_thread_is_left_alone(blas):
    blas.set_num_threads(1)
    with one_blas_thread:
        blas.set_num_threads(5)  # the caller's own
    assert blas.num_threads == 5


def test_a_thread_that_was_thrown_out_on_the_way_gives_all_threads_back_when_it_next_scores(blas):
    one_blas_thread.__enter__()  # and no exit
    with one_blas_thread:
        assert blas.num_threads == 1
    assert blas.num_threads == 8


@needs_fork
@forks
def test_a_child_has_as_many_blas_threads_as_before_though_a_thread_scored_when_it_was_forked(blas):
    inside, done = threading.Event(), threading.Event()

    def run() -> None:
        with one_blas_thread:
            inside.set()
            done.wait()

    thread = threading.Thread(target=run)
    thread.start()
    inside.wait()
    child = in_child(lambda: blas.num_threads == 8)
    still = blas.num_threads
    done.set()
    thread.join()
    assert came_true(child)
    assert (still, blas.num_threads) == (1, 8)


def test_the_libraries_of_this_process_have_their_threads_back_after_eight_threads_scored(corpus):
    pages = pages_of(corpus)
    score(pages[0])
    before = {library["filepath"]: library["num_threads"] for library in threadpool_info()}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(score, pages * 3))
    assert {library["filepath"]: library["num_threads"] for library in threadpool_info()} == before


class Interruption(BaseException):
    """What a soft time limit raises, wherever the program is."""


def interrupted_at(step: int, call) -> bool:
    """Whether the call was interrupted at that step: a line of the lexicon's that it comes to."""
    left = step

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_qualname.startswith(("Lexicon.", "_Known.")):
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise Interruption
        return trace

    sys.settrace(trace)
    try:
        call()
    except Interruption:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("most", [Lexicon.MOST, 20])
def test_an_exception_between_any_two_lines_leaves_the_lexicon_whole(monkeypatch, most):
    monkeypatch.setattr(Lexicon, "MOST", most)
    texts = [line.split() for line in SLUICE]
    fresh = [Lexicon(vectors()).look_up(words) for words in texts]
    step, ended = 0, False
    while not ended:
        lexicon = Lexicon(vectors())
        lexicon.look_up(texts[0])
        lexicon.look_up(texts[1])
        ended = not interrupted_at(step, lambda lexicon=lexicon: lexicon.look_up(texts[2] + texts[3]))
        for words, wanted in zip(texts, fresh, strict=True):
            for found, right in zip(lexicon.look_up(words), wanted, strict=True):
                assert np.array_equal(found, right), f"after an exception at step {step}"
        step += 1
    assert step > 8


def test_threads_that_learn_the_same_words_at_once_read_them_alike(monkeypatch):
    monkeypatch.setattr(Lexicon, "MOST", 200)  # it starts anew while others look up
    before = sys.getswitchinterval()
    texts = [[f"Word{(start * 7 + place) % 400}" for place in range(60)] for start in range(400)]
    fresh = [Lexicon(vectors()).look_up(words) for words in texts]
    lexicon = Lexicon(vectors())
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(lexicon.look_up, texts))
    finally:
        sys.setswitchinterval(before)
    for own, right in zip(found, fresh, strict=True):
        assert np.array_equal(own[0], right[0])
        assert np.array_equal(own[1], right[1])

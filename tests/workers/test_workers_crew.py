"""Items that kill, hang or stop their worker cost themselves alone, whatever the work is; no process outlives the run."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from natocc.core.errors import Reason, RunError
from natocc.workers import stuck
from natocc.workers.crew import Crew, in_order
from natocc.workers.piece import Piece
from natocc.workers.pool import worker_pool
from natocc.workers.safe_path import safe_path


def _work(piece: Piece[str]) -> list[str]:
    return [_one(item) if lost is None else f"{item}: {lost.reason}" for item, lost in piece]


def _one(item: str) -> str:
    if item == "segfault":
        ctypes.string_at(0)
    if item == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "memory":
        raise MemoryError
    if item == "hangs":
        time.sleep(1000)
    if item == "stopped":
        os.kill(os.getpid(), signal.SIGSTOP)
    if item == "bug":
        raise ZeroDivisionError
    return item.upper()


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.mark.slow
def test_whatever_ends_a_worker_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    pieces = [["a", "segfault", "b"], ["c", "d"], ["memory"], ["e", "killed", "hangs", "f"], [], ["stopped", "g"]]
    crew = Crew(_work, 2, lambda item: f"item {item}", limit=2)
    results = list(in_order(crew.run(pieces)))
    assert results == [
        ["A", f"segfault: {Reason.WORKER_DIED}", "B"],
        ["C", "D"],
        [f"memory: {Reason.WORKER_DIED}"],
        ["E", f"killed: {Reason.WORKER_DIED}", f"hangs: {Reason.TIMED_OUT}", "F"],
        [],
        [f"stopped: {Reason.TIMED_OUT}", "G"],
    ]
    said = "\n".join(caplog.messages)
    assert "item killed is left out: its worker ended, 3 times when nothing else was made" in said
    assert "item hangs took more than 2 s" in said
    assert "_one" in said, "where it hung"


def _stops_at_first(piece: Piece[str]) -> str:
    if not piece.again:
        os.kill(os.getpid(), signal.SIGSTOP)
    return "".join(item for item, _ in piece)


@pytest.mark.slow
@pytest.mark.parametrize("seen_by", ["SILENCE", "STOPPED"])
def test_a_worker_that_is_stopped_before_it_begins_is_replaced(monkeypatch: pytest.MonkeyPatch, seen_by: str) -> None:
    monkeypatch.setattr(stuck, seen_by, 2)
    assert [done.result for done in Crew(_stops_at_first, 2, str, limit=1).run([["a", "b"]])] == ["ab"]


@pytest.mark.slow
@pytest.mark.parametrize("isolated", [True, False])
def test_a_bug_and_a_consumer_that_stops_leave_no_worker(isolated: bool) -> None:
    crew = Crew(_work, 1 if isolated else 2, str, isolated=isolated)
    with pytest.raises(ZeroDivisionError):
        list(crew.run([["a"], ["bug"], ["b"]]))

    def workers() -> list[str]:
        commands = [Path(f"/proc/{child}/cmdline").read_text() for child in _children()]
        return [command for command in commands if "popen_loky_posix" in command]

    assert not workers()
    running = crew.run([[str(number)] for number in range(100)])
    next(running)
    assert workers()
    running.close()
    assert not workers()


@pytest.mark.slow
def test_a_worker_that_is_stopped_when_all_is_done_is_not_waited_for() -> None:
    with worker_pool(2) as pool:
        assert list(pool.map(str.upper, ["a", "b", "c", "d"])) == ["A", "B", "C", "D"]
        one, *_ = multiprocessing.active_children()
        assert one.pid is not None
        os.kill(one.pid, signal.SIGSTOP)
        while one.pid not in stuck.stopped_workers():
            time.sleep(0.01)
    assert not one.is_alive()


def test_one_job_works_here_and_in_order() -> None:
    here: list[int] = []

    def work(piece: Piece[int]) -> int:
        here.extend(item for item, lost in piece if lost is None)
        return sum(piece.items)

    def pieces() -> Iterator[list[int]]:
        yield [1, 2]
        assert here == [1, 2], "nothing is asked for before it is needed"
        yield [3]

    assert [(done.number, done.result) for done in Crew(work, 1, str).run(pieces())] == [(0, 3), (1, 3)]
    assert here == [1, 2, 3]


def test_no_place_for_notes_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file"):
        list(Crew(_work, 2, str, notes=tmp_path / "file" / "notes").run([["a"]]))


@pytest.mark.parametrize("before", [None, "", "yes"])
def test_the_environment_is_as_it_was(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    if before is not None:
        monkeypatch.setenv("PYTHONSAFEPATH", before)
    with pytest.raises(RunError), safe_path():
        assert os.environ["PYTHONSAFEPATH"] == "1"
        raise RunError
    assert os.environ.get("PYTHONSAFEPATH") == before

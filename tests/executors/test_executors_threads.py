"""Threads that make samples: none is at one when a run has ended, however it ended."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from natocc.dataset.layout import Layout
from natocc.executors import processes
from natocc.executors.processes import Threads


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_that_is_left_waits_for_what_has_begun(fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended, many = itertools.count(), itertools.count(), threading.Event()

    def make(_: Any, __: Any, spec: Any) -> None:
        if next(begun) == 2:
            many.set()
        many.wait(10)  # so that others are at one when the first is done
        if fails and spec == 1:
            raise OSError
        time.sleep(0.05)
        next(ended)

    monkeypatch.setattr(processes, "make_sample", make)
    made = Threads(None, Layout(tmp_path, 4), 3).run([spec] for spec in range(100))  # type: ignore[arg-type, misc]
    if fails:
        with pytest.raises(OSError):
            list(made)
    else:
        next(made)
        made.close()
    at_the_end = next(begun), next(ended) + fails
    assert at_the_end[0] == at_the_end[1]
    assert at_the_end[0] < 100

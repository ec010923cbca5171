"""Where the time of a sample goes: CPU time inside each of the functions that its story calls, without those inside them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

from natocc.executors import sample_worker as making
from natocc.pipeline import sample as story
from natocc.pipeline.sample import Pipeline

STAGES = ("read", "align", "cutout", "plan", "render", "measures", "encode", "stage", "rest")


class Stopwatch:
    """Measures samples made inside its block, one :meth:`lap` each."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._places: list[tuple[Any, str, str]] = [
            (type(pipeline.faces), "read", "read"),
            (story, "align_face", "align"),
            *((type(source), "cutout", "cutout") for source in set(pipeline.occluders.values())),
            (story, "draw_plan", "plan"),
            (story, "render", "render"),
            (story, "measures", "measures"),
            (story, "hidden_landmarks", "measures"),
            (story, "encode", "encode"),
            (making, "stage_sample", "stage"),
        ]
        self._spent: dict[str, float] = {}
        self._inside: list[str] = []
        self._since = 0.0

    def __enter__(self) -> Stopwatch:
        self._patches = contextlib.ExitStack()
        for owner, name, stage in self._places:
            self._patches.enter_context(mock.patch.object(owner, name, self._watched(getattr(owner, name), stage)))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def lap(self, work: Callable[[], None]) -> dict[str, float]:
        """CPU seconds of `work` by stage."""
        self._spent = dict.fromkeys(STAGES, 0.0)
        self._inside, self._since = ["rest"], time.process_time()
        work()
        self._turn()
        return self._spent

    def _turn(self) -> None:
        now = time.process_time()
        self._spent[self._inside[-1]] += now - self._since
        self._since = now

    def _watched(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            self._turn()
            self._inside.append(stage)
            try:
                return function(*arguments, **options)
            finally:
                self._turn()
                self._inside.pop()

        return watched

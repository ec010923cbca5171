"""A small coverage-guided fuzzer: input that reaches a new line of natocc is kept, and damaged further.

Cases run in a process of their own, so that a crash of native code, a hang or a greedy allocation is seen and not suffered.
The input of every case lies on disk before it is read: whatever happens, it is there to look at.
"""

from __future__ import annotations

import dataclasses
import faulthandler
import multiprocessing
import os
import random
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz_targets import Target

import natocc
from natocc.core.errors import NatoccError

SECONDS_A_CASE = 60.0
"""A case that takes longer hangs. Generous: machines are shared, and the slowest that is right takes about 1 s."""
SECONDS_TO_START = 120.0
_STARTING = -1
MOST_MEMORY = 4 << 30
"""Address space of the process, bytes: what asks for more gets a MemoryError, which is a failure."""
_PACKAGE = str(Path(natocc.__file__).parent)
_MOST_KEPT = 400
_LONGEST = 200_000


@dataclasses.dataclass(frozen=True)
class Failure:
    """A case that went wrong.

    Parameters
    ----------
    target : str
    seed, case : int
        That make the input again: seed of the batch, and the number of the case in it.
    what : str
        Traceback, ``hang`` or the exit code of a process that died.
    data : bytes
        The input.
    """

    target: str
    seed: int
    case: int
    what: str
    data: bytes


def fuzz(target: Target, seed: int, cases: int, folder: Path) -> tuple[int, list[Failure]]:
    """Run cases of one target in a process of their own; after a crash or a hang the rest goes on in another one.

    Parameters
    ----------
    target : Target
        What to feed.
    seed : int
        Of the batch.
    cases : int
        How many.
    folder : Path
        Empty; the target works in it.

    Returns
    -------
    accepted : int
        Cases in which the input was taken for valid.
    failures : list of Failure
    """
    # Forked from a process without threads: those of OpenCV and Arrow do not survive a fork of this one.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fuzz_targets"])
    failures: list[Failure] = []
    accepted = first = 0
    while first < cases:
        here = folder / str(first)
        here.mkdir(parents=True)
        state = context.RawArray("q", [_STARTING, 0])  # the case that runs, how many were accepted
        process = context.Process(target=_batch, args=(target, seed, first, cases, here, state))
        process.start()
        hung = _watch(process, state)
        for path in sorted(here.glob("*.failed")):
            what = path.read_text(errors="replace")
            failures.append(Failure(target.name, seed, int(path.stem), what, path.with_suffix(".data").read_bytes()))
        case, accepted = state[0], accepted + state[1]
        if process.exitcode == 0:
            break
        if case == _STARTING:
            raise RuntimeError(f"the process that reads {target.name} does not start")
        what = f"hang: more than {SECONDS_A_CASE:.0f} s" if hung else f"the process died: {process.exitcode}"
        failures.append(Failure(target.name, seed, case, what, (here / "input").read_bytes()))
        first = case + 1
    return accepted, failures


def _watch(process: Any, state: Any) -> bool:
    """Wait for a process; end it where a case hangs, and tell so."""
    case, since = state[0], time.monotonic()
    while process.is_alive():
        process.join(0.05)
        if state[0] != case:
            case, since = state[0], time.monotonic()
        elif time.monotonic() - since > (SECONDS_TO_START if case == _STARTING else SECONDS_A_CASE):
            process.kill()
            process.join()
            return True
    return False


def _batch(target: Target, seed: int, first: int, cases: int, folder: Path, state: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()
    warnings.simplefilter("ignore")
    _be_quiet(folder)
    (folder / "work").mkdir()
    read, kept, reached = target.prepare(folder / "work"), list(target.seeds), set[tuple[CodeType, int]]()
    for case in range(first, cases):
        rng = random.Random(f"{target.name} {seed} {case}")
        # The valid input first, as it is.
        data = target.seeds[case] if case < len(target.seeds) else mutate(rng, rng.choice(kept), kept, target.words)
        (folder / "input").write_bytes(data)
        state[0] = case
        try:
            new = _reached_by(lambda data=data: read(data)) - reached  # type: ignore[misc]
            state[1] += 1
        except NatoccError as error:
            new = _lines_of(error) - reached
        except BaseException:
            (folder / f"{case}.data").write_bytes(data)
            (folder / f"{case}.failed").write_text(traceback.format_exc(), errors="replace")
            continue
        reached |= new
        if new and len(kept) < _MOST_KEPT:
            kept.append(data)
    os._exit(0)  # what the parent opened is not this process's to close


def _be_quiet(folder: Path) -> None:
    """Native libraries say on stderr what they think of damaged files."""
    descriptor = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT)
    os.dup2(descriptor, 2)


_LINES: set[tuple[CodeType, int]] = set()


def _reached_by(call: Callable[[], None]) -> set[tuple[CodeType, int]]:
    """Lines of natocc that a call reaches."""

    def line(frame: FrameType, event: str, _: Any) -> Any:
        _LINES.add((frame.f_code, frame.f_lineno))
        return line

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_PACKAGE) else None

    _LINES.clear()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(None)
    return set(_LINES)


def _lines_of(_: NatoccError) -> set[tuple[CodeType, int]]:
    return set(_LINES)


def mutate(rng: random.Random, data: bytes, others: list[bytes], words: tuple[bytes, ...]) -> bytes:
    """`data` with one to eight faults: flipped bits, cuts, splices, repetitions, numbers and words that hurt."""
    piece = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        at = rng.randrange(len(piece) + 1)
        length = min(len(piece) - at, rng.choice((1, 1, 2, 4, 8, 32, 200)))
        end = at + length
        kind = rng.randrange(9)
        if kind == 0 and piece:
            piece[at % len(piece)] ^= 1 << rng.randrange(8)
        elif kind == 1 and piece:
            piece[at % len(piece)] = rng.randrange(256)
        elif kind == 2:
            del piece[at:end]
        elif kind == 3:
            piece[at:at] = piece[at:end] * rng.choice((1, 2, 50))
        elif kind == 4:
            word = rng.choice(words)
            piece[at : at + rng.choice((0, len(word)))] = word
        elif kind == 5:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            piece[at:end] = other[start : start + rng.choice((4, 32, 500))]
        elif kind == 6:
            _replace_number(rng, piece, words)
        elif kind == 7:
            piece[at:end] = bytes(rng.randrange(256) for _ in range(length))
        elif rng.random() < 0.3:
            del piece[at:]
    return bytes(piece[:_LONGEST])


def _replace_number(rng: random.Random, piece: bytearray, words: tuple[bytes, ...]) -> None:
    """Put a word in the place of a number written in digits; what holds none gets it anywhere."""
    digits = b"0123456789.-"
    begin = rng.randrange(len(piece) + 1)
    at = next((place for place in range(begin, len(piece)) if piece[place] in digits), begin)
    end = next((place for place in range(at, len(piece)) if piece[place] not in digits), len(piece))
    piece[at : min(end, at + 20)] = rng.choice(words)

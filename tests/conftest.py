"""What many tests need: the real data, and a way to say that it is not there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from needed import missing
from runs import Runs

hypothesis.settings.register_profile("natocc", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("natocc")

REPOSITORY = Path(__file__).parent.parent

collect_ignore = ["clients"]  # in an environment of its own: make test-clients


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Root of the real test data: ``NATOCC_TEST_DATA``, else the folder that lies beside the checkout."""
    root = Path(os.environ.get("NATOCC_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not root.is_dir():
        missing(f"no real data at {root}: set NATOCC_TEST_DATA")
    return root


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where occluders are extracted to, once for all tests of a worker."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """See :class:`Runs`."""
    runs = Runs(tmp_path)
    yield runs
    for process in runs.started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` writes the kept outputs anew."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")

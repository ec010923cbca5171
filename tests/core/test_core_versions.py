"""Which packages decide the bytes: ``dataset.json`` says it."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2  # so that it is put back
import pytest

from natocc.core.versions import opencv, versions


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("contrib = False\nheadless = True\nrolling = False", "opencv-python-headless"),
        ("contrib = False\nheadless = False", "opencv-python"),
        ("contrib = True\nheadless = True", "opencv-contrib-python-headless"),
    ],
)
def test_the_opencv_that_runs_is_told(told: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package asks for opencv-python: both lie in one folder, and the metadata say 5.0 of what is 4.12."""
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text("raise AssertionError")
    (tmp_path / "cv2" / "version.py").write_text(f'opencv_version = "4.12.0.88"\n{told}\nci_build = True')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, cv2.__name__)
    assert opencv() == (name, "4.12.0.88")
    assert versions()[name] == "4.12.0.88"


def test_a_systems_own_opencv_says_it_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cv2.py").write_text('__version__ = "4.6.0"')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, cv2.__name__)
    assert opencv() == ("opencv", "4.6.0")

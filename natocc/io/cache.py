"""Answers that took long to find, kept in the cache."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from natocc.core.errors import RunError


def keep(path: Path, text: str) -> None:
    """Write an answer aside and rename it, so that whoever looks finds all of it or nothing.

    Raises
    ------
    RunError
        If the disk refuses.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}") from None

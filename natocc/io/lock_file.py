"""Files that are there to be locked: never followed where they are links, never emptied."""

from __future__ import annotations

import os
from pathlib import Path

from natocc.io.atomic import check_regular, disk_errors, with_remedy


def open_lock(path: Path) -> int:
    """Descriptor of a lock file, which is made if it is missing; whoever calls closes it.

    Raises
    ------
    DiskError
        If a link, a folder or a pipe has its name, or it cannot be made.
    """
    with with_remedy("it is not natocc's: remove it"):
        check_regular(path)
    with disk_errors(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)

"""Arrow tables on disk, mapped into memory and not read: processes share one copy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from natocc.io.atomic import open_aside


def write_table(path: Path, table: Any) -> None:
    """Write a pyarrow.Table, in one piece, as an Arrow IPC file; raises DiskError if it cannot be written."""
    import pyarrow

    with open_aside(path, sync=False) as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def map_table(path: Path) -> Any:
    """The pyarrow.Table of a file that :func:`write_table` wrote.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is damaged.
    """
    import pyarrow

    try:
        with pyarrow.memory_map(os.fsencode(path)) as file:
            return pyarrow.ipc.open_file(file).read_all()
    except pyarrow.ArrowException as error:
        raise ValueError(f"{path.name}: {error}") from error

"""``python -m natocc``."""

# ruff: noqa: PTH100, PTH109, PTH120, PTH121
# pathlib, and what it imports, might come from the working folder.

import os
import sys


def _leave_out_working_folder() -> None:
    """Take the working folder out of the path, where ``python -m`` has put it first: it may be a stranger's dataset.

    Where natocc itself lies in it, as in a checkout, it goes to the end: nothing there takes the place of another package.
    """
    try:
        here = os.getcwd()
    except OSError:  # deleted
        return
    if not sys.flags.safe_path and sys.path[0] in ("", here):
        del sys.path[0]
        if os.path.samefile(here, os.path.dirname(os.path.dirname(os.path.abspath(__file__)))):
            sys.path.append(here)


if __name__ == "__main__":
    _leave_out_working_folder()

    from natocc.cli import main

    main()

"""Pictures in terminals that can show them: iTerm2's inline images [1]_ and kitty's graphics protocol [2]_.

.. [1] https://iterm2.com/documentation-images.html
.. [2] https://sw.kovidgoyal.net/kitty/graphics-protocol/
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

_PIECE = 4096  # bytes of base64 that kitty takes at once
_ITERM = ("iTerm.app", "WezTerm", "mintty")
_KITTY = ("ghostty",)


def protocol_of(environment: Mapping[str, str]) -> str | None:
    """``iterm2``, ``kitty``, or None where the terminal is not known to show pictures.

    Inside tmux and screen there are none: what the terminal around them can show does not reach it.

    Examples
    --------
    >>> protocol_of({"TERM": "xterm-kitty"}), protocol_of({"TERM": "xterm-256color"})
    ('kitty', None)
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if term.startswith(("screen", "tmux", "dumb")) or environment.get("TMUX"):
        return None
    if term == "xterm-kitty" or environment.get("KITTY_WINDOW_ID") or program in _KITTY:
        return "kitty"
    return "iterm2" if program in _ITERM or environment.get("LC_TERMINAL") == "iTerm2" else None


def inline_picture(png: bytes, protocol: str, columns: int) -> str:
    """The escape sequence that shows a PNG.

    Parameters
    ----------
    png : bytes
        The picture.
    protocol : str
        From :func:`protocol_of`.
    columns : int
        Of the terminal, which it will be as wide as.
    """
    text = base64.b64encode(png).decode("ascii")
    if protocol == "iterm2":
        return f"\x1b]1337;File=inline=1;size={len(png)};width={columns};preserveAspectRatio=1:{text}\a\n"
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    told = [f"a=T,f=100,c={columns},q=2,m={int(len(pieces) > 1)}"]  # q=2: the terminal answers nothing
    told += [f"m={int(at < len(pieces) - 1)}" for at in range(1, len(pieces))]
    return "".join(f"\x1b_G{keys};{piece}\x1b\\" for keys, piece in zip(told, pieces, strict=True)) + "\n"

"""What a processor has that decides bytes: vector instructions, for which OpenCV and NumPy have code that rounds otherwise."""

from __future__ import annotations

import functools
import platform
import re
from collections.abc import Iterable

import cv2
import numpy as np

_IPP_KERNELS = re.compile(r"\((\w+)\)")


@functools.cache
def processor() -> str:
    """The machine's kind, and the instructions beyond those of every such machine that OpenCV, IPP and NumPy use here.

    Without FMA, which comes with AVX2, a fifth of the demo's pictures differ in a few pixels.

    Returns
    -------
    text : str
        Such as ``x86_64, OpenCV SSE4.1 SSE4.2 AVX FP16 AVX2, IPP l9, NumPy X86_V3``. Of versions it tells nothing.
    """
    opencv = [word.strip("*") for word in cv2.getCPUFeaturesLine().split() if word[0] == "*" and word[-1] != "?"]
    ipp = _IPP_KERNELS.search(cv2.ipp.getIppVersion()) if cv2.ipp.useIPP() else None
    found = np.show_config(mode="dicts") or {}
    numpy = found.get("SIMD Extensions", {}).get("found", [])
    parts = {"OpenCV": opencv, "IPP": [ipp[1]] if ipp else [], "NumPy": numpy}
    return ", ".join([platform.machine(), *(" ".join([name, *words]) for name, words in parts.items() if words)])


def told_apart(processors: Iterable[str]) -> str:
    """Several processors in one message, each in brackets."""
    return " and ".join(f"[{name}]" for name in sorted(processors))

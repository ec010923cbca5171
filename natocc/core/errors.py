"""What can go wrong, and whose fault it is.

The user's recipe, folder or machine (:class:`UsageError`, :class:`RunError`): one line, an exit code, no traceback.
The data (:class:`BadDataError`): the sample is rejected with a :class:`Reason`, the run goes on.
Anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import enum

from natocc.core.addresses import without_credentials


class Reason(enum.StrEnum):
    """Why an input was rejected. Closed: a new reason is a new line here."""

    MISSING_FILE = "missing-file"
    CANNOT_READ = "cannot-read"
    NOT_A_FILE = "not-a-file"
    UNREADABLE_IMAGE = "unreadable-image"
    UNSUPPORTED_IMAGE = "unsupported-image"
    TOO_MANY_PIXELS = "too-many-pixels"
    NO_MASK = "no-mask"
    BAD_MASK = "bad-mask"
    EMPTY_MASK = "empty-mask"
    SIZE_MISMATCH = "size-mismatch"
    NO_FACE = "no-face"
    DEGENERATE_LANDMARKS = "degenerate-landmarks"
    OUTSIDE_PHOTOGRAPH = "outside-photograph"
    LOW_CONFIDENCE = "low-confidence"
    BAD_ANNOTATION = "bad-annotation"
    LICENCE = "licence-not-allowed"
    CROWD = "crowd"
    TOO_SMALL = "too-small"
    TRUNCATED = "truncated-by-border"
    IN_PIECES = "in-pieces"
    TOO_THIN = "too-thin"
    TOO_BLURRED = "too-blurred"
    POORLY_CUT = "poorly-cut"
    BACKGROUND_NOT_PLAIN = "background-not-plain"
    LEAVES_ROOT = "leaves-root"
    NO_PLACEMENT = "no-placement"
    WORKER_DIED = "worker-died"
    TIMED_OUT = "timed-out"

    @property
    def by_circumstance(self) -> bool:
        """Whether it says nothing of what the data hold, but of the moment in which they were read: the next run tries again."""
        return self in (Reason.MISSING_FILE, Reason.CANNOT_READ, Reason.WORKER_DIED, Reason.TIMED_OUT)


class NatoccError(Exception):
    """Base of every error that natocc raises on purpose: one argument for each line of the message.

    Names in a line may hold anything, line breaks too: whoever prints it escapes them, so that each stays one line. Credentials
    in an address are never shown.
    """

    exit_code = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """Of the message; mostly one."""
        return tuple(without_credentials(str(argument)) for argument in self.args)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class RunError(NatoccError):
    """The machine cannot do it: disk, permission, a missing model."""


class DiskError(RunError):
    """Writing failed (disk full, read-only, no permission); the message names the path."""


class UsageError(NatoccError):
    """The command, the recipe or the layout of the data is wrong; nothing has been written."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe does not validate; the message names the field and the nearest known one."""


class Interrupted(KeyboardInterrupt):  # no error: what the user wanted
    """A signal asked natocc to stop.

    Parameters
    ----------
    number : int
        Of the signal.
    detail : str
        What is kept, and how to go on.
    """

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(number, detail)
        self.number = number
        self.detail = detail

    @property
    def exit_code(self) -> int:
        """The shell's convention: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.number


class BadDataError(NatoccError):
    """One input (a picture, a mask, an annotation) is rejected.

    Parameters
    ----------
    reason : Reason
        From the closed list, so that it can be counted.
    detail : str
        What was expected and what was found, for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        # A path may hold bytes that are no text, which neither a manifest nor a terminal takes.
        detail = detail.encode("utf-8", "backslashreplace").decode()
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    @property
    def lines(self) -> tuple[str, ...]:
        """Reason and detail."""
        return (without_credentials(f"{self.reason}: {self.detail}"),)

"""Addresses of servers: none with credentials is taken, and where a text has one, what opens it is never shown."""

from __future__ import annotations

import re
import urllib.parse

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_ADDRESS = re.compile(r"(\s*[A-Za-z][A-Za-z0-9+.-]*:/+)(.*)", re.DOTALL)  # as a path it loses a slash
_PORT = re.compile(r"\d{1,5}")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]+\](:\d*)?")
# Of a text: to the last @ of the line where a password may have begun, for it may have spaces; else a word.
_IN_TEXT = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:/(?:/+[^\s/@:]*:(?!\d{1,5}(?:[^\w@]|$))[^\n]*@\S*|\S*@\S*|/\S*)",
)
_SECRET = re.compile(
    r"[?&;#][^=&;#]*(?:token|sig|signature|secret|key|key-?id|pass|password|passwd|pwd|auth|credentials?|session|sid)=",
    re.IGNORECASE,
)
_END = re.compile(r"[?#]|%3f|%23|;[^/;]*=", re.IGNORECASE)  # where a query, a fragment or parameters begin
_HIDDEN = "***"


def is_url(text: str) -> bool:
    """Whether a text names a place on a server, and no path."""
    return _SCHEME.match(text) is not None


def has_credentials(text: str) -> bool:
    """Whether an address in a text has a password, a key or a token in it; who logs in by SFTP is a name.

    Examples
    --------
    >>> has_credentials("s3://KEY:SECRET@bucket"), has_credentials("see https://host/a.zip?X-Amz-Signature=1f")
    (True, True)
    >>> has_credentials("sftp://me@host:22/a@b"), has_credentials("https://host/page?lang=en")
    (False, False)
    """
    addresses = [text] if is_url(text) else _IN_TEXT.findall(text)
    return any(_user(*_parts(address)) or _SECRET.search(urllib.parse.unquote(address)) for address in addresses)


def shown_address(address: str) -> str:
    """A URL or a path as it may be shown: what may be a credential is replaced by ``***``.

    Keys hold ``/`` and passwords ``@``, neither always escaped, so that all up to the last ``@`` is taken for credentials where
    the host's place holds a ``:`` that begins no port. A query may hold a token, and what follows a ``#`` as well.

    Examples
    --------
    >>> shown_address("s3://KEY:SE/CRET@bucket/folder"), shown_address("sftp://me:p@ss@host:22/folder")
    ('s3://***@bucket/folder', 'sftp://***@host:22/folder')
    >>> shown_address("sftp://me@host:22/a@b"), shown_address("gs://bucket/folder?token=x"), shown_address("out/demo")
    ('sftp://me@host:22/a@b', 'gs://bucket/folder?***', 'out/demo')
    """
    scheme, rest = _parts(address)
    if not scheme:
        return address
    if user := _user(scheme, rest):
        rest = _HIDDEN + rest[len(user) :]
    end = _END.search(rest)
    return scheme + (f"{rest[: end.start() + 1]}{_HIDDEN}" if end else rest)


def without_credentials(text: str) -> str:
    """A message as it may be shown: addresses in it by :func:`shown_address`."""
    return _IN_TEXT.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    address = match[0].rstrip("'\")],;:.")
    return shown_address(address) + match[0][len(address) :]


def _parts(address: str) -> tuple[str, str]:
    """Scheme with its slashes, and the rest; no scheme of a path."""
    match = _ADDRESS.match(address)
    return (match[1], match[2]) if match else ("", address)


def _user(scheme: str, rest: str) -> str:
    """What stands before the host and may be a credential, without the ``@`` after it; empty if there is nothing."""
    first = rest.partition("/")[0]
    place = urllib.parse.unquote(first)  # some libraries decode it before they look
    before, at, _ = place.rpartition("@")
    _, colon, word = place.partition("@")[0].partition(":")
    if colon and not _IPV6.fullmatch(place) and (at or not _PORT.fullmatch(word)):
        return rest.rpartition("@")[0] or first
    if at and ("@" in before or not scheme.strip().lower().startswith("sftp:")):  # a token; who logs in by SFTP is a name
        return first.rpartition("@")[0] or first
    return ""

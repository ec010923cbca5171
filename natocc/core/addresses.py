"""Addresses of servers in what people read: credentials in them are never shown."""

from __future__ import annotations

import re
import urllib.parse

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/+)(.*)", re.DOTALL)
_WORD_WITH_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/\S*@\S*")
_HIDDEN = "***"


def is_url(text: str) -> bool:
    """Whether a text names a place on a server, and no path."""
    return _SCHEME.match(text) is not None


def shown_address(address: str) -> str:
    """A URL or a path as it may be shown: what may be a credential is replaced by ``***``.

    Keys hold ``/`` and passwords ``@``, neither always escaped, so that all up to the last ``@`` is taken for credentials where
    the host's place holds a ``:`` that begins no port. A query may hold a token.

    Examples
    --------
    >>> shown_address("s3://KEY:SE/CRET@bucket/folder"), shown_address("sftp://me:p@ss@host:22/folder")
    ('s3://***@bucket/folder', 'sftp://***@host:22/folder')
    >>> shown_address("sftp://me@host:22/a@b"), shown_address("gs://bucket/folder?token=x"), shown_address("out/demo")
    ('sftp://me@host:22/a@b', 'gs://bucket/folder?***', 'out/demo')
    """
    match = _ADDRESS.match(address)
    if match is None:
        return address
    scheme, rest = match.groups()
    first = rest.partition("/")[0]
    user, colon, word = first.partition("@")[0].partition(":")
    has_password = bool(colon) and not user.startswith("[") and ("@" in first or not word.isdecimal())
    if has_password:
        before, at, after = rest.rpartition("@")
        rest = f"{_HIDDEN}@{after}" if before or at else _HIDDEN + rest[len(first) :]
    elif "@" in first and not scheme.lower().startswith("sftp:"):  # a token; who logs in by SFTP is a name
        rest = _HIDDEN + rest[rest.index("@") :]
    place, mark, _ = rest.partition("?")
    return f"{scheme}{place}{mark}{_HIDDEN if mark else ''}"


def without_credentials(text: str, address: str = "") -> str:
    """A message as it may be shown: addresses in it by :func:`shown_address`, and no password of `address`."""
    for secret in _secrets(address):
        text = text.replace(secret, _HIDDEN)
    return _WORD_WITH_ADDRESS.sub(lambda match: shown_address(match[0]), text)


def _secrets(address: str) -> list[str]:
    """What must not be shown of an address, as it stands there and decoded; the longest first."""
    match = _ADDRESS.match(address)
    if match is None or shown_address(address) == address:
        return []
    credentials = match[2].rpartition("@")[0]
    parts = [credentials, credentials.partition(":")[2], match[2].partition("?")[2]]
    spelt = {spelling for part in parts for spelling in (part, urllib.parse.unquote(part)) if len(spelling) > 2}
    return sorted(spelt, key=len, reverse=True)

"""Files on object storage or an SFTP server, through fsspec: a name has all of its bytes or is not there."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from natocc.core.addresses import has_credentials, shown_address, without_credentials
from natocc.core.errors import RunError, UsageError

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "sftp": "sshfs", "memory": "fsspec"}
"""Schemes that natocc writes to, and what fsspec needs for each."""

_CREDENTIALS = "put them where fsspec looks for them: AWS_ACCESS_KEY_ID and the like, ~/.aws, ~/.ssh, FSSPEC_SFTP_PASSWORD"
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKETS = ("s3", "gs")  # a name appears whole or not at all; there are no folders, and a bucket is not made by writing to it
_AT_ONCE = 8
_WAITS = (0.5, 1.0, 2.0)  # seconds, before each further try
_FOR_GOOD = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
# What these raise is about the network or the server and not always an OSError; anything else is a bug.
_LIBRARIES = ("aiobotocore", "aiohttp", "asyncssh", "botocore", "gcsfs", "google", "requests", "s3fs", "sshfs")
_log = logging.getLogger("natocc")
_T = TypeVar("_T")


class Storage:
    """A folder on a server.

    Its credentials, and the address of a server that is not the usual one, come from where fsspec and the packages below it look
    for them: ``AWS_*`` and ``~/.aws``, ``~/.ssh``, ``FSSPEC_S3_ENDPOINT_URL`` and the like; never in the address, which stands in
    messages, in the history of a shell and, for every user of the machine, among its processes.

    Parameters
    ----------
    url : str
        Such as ``s3://bucket/folder``.

    Raises
    ------
    UsageError
        If the address holds credentials, the scheme is none of :data:`PACKAGES`, its package is not installed, or the server
        cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown_address(url).rstrip("/")
        self._url = url.rstrip("/")
        self._scheme = _scheme(url)
        self._lock = threading.Lock()
        try:
            self._system, self._root = self._opened()
        except ImportError as error:
            package = PACKAGES[self._scheme]
            extra = "gcsfs" if package == "gcsfs" else "'natocc[remote]'"
            raise UsageError(f"{self.shown} needs the package {package} ({self._words(error)}): pip install {extra}") from None
        except Exception as error:
            if not _is_about_the_server(error):
                raise
            raise UsageError(f"cannot reach {self.shown}: {self._words(error)}") from error

    def check(self) -> list[str]:
        """Names that lie in the folder itself, files and folders; none where there is no folder yet.

        Raises
        ------
        UsageError
            If the server, the bucket or the credentials are not what they should be.
        """
        try:
            return self._listed("")  # tried once: whoever waits at a prompt would rather know
        except FileNotFoundError:
            bucket = self._root.partition("/")[0].rpartition("@")[2]
            raise UsageError(f"{self.shown}: there is no bucket {bucket!r}; make it first") from None
        except Exception as error:
            if not _is_about_the_server(error):
                raise
            raise UsageError(f"cannot reach {self.shown}: {self._words(error)}") from error

    def names(self, folder: str) -> list[str]:
        """Names that lie in a folder below; none where there is no folder."""
        return self._done("read", folder, self._listed, folder)

    def sizes(self, folder: str) -> dict[str, int]:
        """Every file below a folder, relative to the whole, and its size."""

        def sizes() -> dict[str, int]:
            self._system.invalidate_cache()
            files: Mapping[str, Any] = self._system.find(self._at(folder), detail=True)
            return {name[name.index(self._root) + len(self._root) + 1 :]: int(info["size"]) for name, info in files.items()}

        return self._done("read", folder, sizes)

    def get(self, name: str) -> bytes | None:
        """A file's bytes; None if it is not there."""
        return self._done("read", name, self._got, name)

    def get_all(self, files: Mapping[str, Path]) -> None:
        """Bring files here, by name, several at a time and in any order; one that is not there is left out."""

        def get(item: tuple[str, Path]) -> None:
            data = self.get(item[0])
            if data is not None:
                item[1].write_bytes(data)

        self._together(get, sorted(files.items()))

    def is_file(self, name: str) -> bool:
        """Whether a file of this name is there, and no folder."""
        return self._done("read", name, self._is_file, name)

    def put(self, path: Path, name: str) -> None:
        """Bring a file of this machine there, whole or not at all; one of the same name is replaced."""
        self._done("write", name, self._put, path, name)

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Bring files there, by name, several at a time and in any order."""
        self._together(lambda item: self.put(item[1], item[0]), sorted(files.items()))

    def delete(self, names: Iterable[str]) -> None:
        """Delete files, several at a time and in any order; one that is not there is no error."""
        self._together(lambda name: self._done("delete", name, self._deleted, name), sorted(names))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _opened(self) -> tuple[Any, str]:
        import fsspec
        from fsspec.config import conf

        options: dict[str, Any] = {}
        if self._scheme == "sftp":
            # Without known_hosts sshfs takes any server for the right one; its class knows of no settings for "sftp" either.
            options = {"known_hosts": (), **conf.get("sftp", {})}
        return fsspec.core.url_to_fs(self._url, skip_instance_cache=True, **options)  # type: ignore[no-any-return]

    def _listed(self, folder: str) -> list[str]:
        self._system.invalidate_cache()
        try:
            entries = self._system.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            if self._scheme in _BUCKETS and not folder:
                with contextlib.suppress(PermissionError):  # who may see this folder only must do without
                    self._system.ls(self._root.partition("/")[0], detail=False)
            return []
        return sorted({entry.rstrip("/").rpartition("/")[2] for entry in entries} - {""})

    def _got(self, name: str) -> bytes | None:
        try:
            return bytes(self._system.cat_file(self._at(name)))
        except FileNotFoundError:
            return None

    def _is_file(self, name: str) -> bool:
        self._system.invalidate_cache()
        try:
            return bool(self._system.info(self._at(name))["type"] == "file")
        except FileNotFoundError:
            return False

    def _put(self, path: Path, name: str) -> None:
        if self._scheme != "sftp":
            self._system.put_file(str(path), self._at(name))
            return
        folder, _, last = self._at(name).rpartition("/")
        part = f"{folder}/.{last}.part"
        self._system.put_file(str(path), part)
        size = self._system.info(part)["size"]
        if size != path.stat().st_size:
            raise OSError(f"{size} bytes arrived of {path.stat().st_size}")
        self._system.mv(part, self._at(name))

    def _deleted(self, name: str) -> None:
        try:
            self._system.rm_file(self._at(name))
        except FileNotFoundError:
            return

    def _together(self, work: Callable[[_T], None], items: Iterable[_T]) -> None:
        pool = concurrent.futures.ThreadPoolExecutor(_AT_ONCE)
        try:
            for future in concurrent.futures.as_completed([pool.submit(work, item) for item in items]):
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _done(self, verb: str, name: str, work: Callable[..., _T], *arguments: Any) -> _T:
        """Do it, with its tries, and say in one line why it cannot be done."""
        try:
            return self._tried(work, *arguments)
        except Exception as error:
            if not _is_about_the_server(error):
                raise
            raise RunError(f"cannot {verb} {self.shown}/{name}: {self._words(error)}") from error

    def _tried(self, work: Callable[..., _T], *arguments: Any) -> _T:
        for wait in _WAITS:
            system = self._system
            try:
                return work(*arguments)
            except _FOR_GOOD:
                raise
            except Exception as error:
                if not _is_about_the_server(error) or type(error).__name__ in ("NoCredentialsError", "PermissionDenied"):
                    raise
                _log.debug("%s: %s; again in %g s", self.shown, self._words(error), wait)
                time.sleep(wait)
                self._renew(system)
        return work(*arguments)

    def _renew(self, old: Any) -> None:
        """A new connection in place of one that may be broken, unless another thread has made it."""
        with self._lock:
            if self._scheme == "sftp" and self._system is old:
                try:
                    self._system, _ = self._opened()
                except Exception as error:  # the next try meets it again, and says so
                    if not _is_about_the_server(error):
                        raise

    def _words(self, error: Exception) -> str:
        """One line of what a package said."""
        said = without_credentials(" ".join(str(error).split()) or type(error).__name__)
        if isinstance(error, PermissionError) or type(error).__name__ in ("NoCredentialsError", "PermissionDenied"):
            return f"{said} (are the credentials right, and may they write there?)"
        return said


def refuse_credentials(address: str) -> None:
    """Raise UsageError for an address that holds a password, a key or a token."""
    if has_credentials(address):
        raise UsageError(f"{shown_address(address)}: expected an address without password, key or token; {_CREDENTIALS}")


def _scheme(url: str) -> str:
    refuse_credentials(url)
    match = _URL.match(url)
    scheme = match[1].lower() if match else ""
    if scheme not in PACKAGES:
        known = ", ".join(f"{name}://" for name in PACKAGES)
        raise UsageError(f"cannot write to {shown_address(url)}: expected a folder, or a URL that begins with one of {known}")
    if not url.partition("://")[2].strip("/"):
        raise UsageError(
            f"{shown_address(url)} names no place: expected such as {scheme}://{'host' if scheme == 'sftp' else 'bucket'}/folder"
        )
    return scheme


def _is_about_the_server(error: Exception) -> bool:
    return isinstance(error, (OSError, TimeoutError)) or type(error).__module__.partition(".")[0] in _LIBRARIES

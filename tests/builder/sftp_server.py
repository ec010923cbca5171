"""An SFTP server on this machine alone, whose connections can be made to break."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncssh


class SftpServer:
    """Serves a folder to who has the key.

    Parameters
    ----------
    base : Path
        A folder, for keys and for what is served.
    """

    def __init__(self, base: Path) -> None:
        import asyncssh

        self.served = base / "served"
        self.served.mkdir()
        self.writes = 0
        self.disturb: Callable[[int], str] = lambda write: ""
        """Asked at each write of a file's bytes, counted from 1: ``break`` the connection, the disk is ``full``, or nothing."""
        self._client, self._known = base / "client_key", base / "known_hosts"
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(str(self._client))
        client.write_public_key(f"{self._client}.pub")
        self._connections: list[asyncssh.SSHServerConnection] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Of the folder that is served."""
        return f"sftp://someone@127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, object]:
        """What a client needs to know, as fsspec's settings: its key, and the server's."""
        return {"client_keys": [str(self._client)], "known_hosts": str(self._known), "config": None}

    @contextmanager
    def running(self) -> Iterator[SftpServer]:
        """Serve, in a thread, until the block is left."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        acceptor = asyncio.run_coroutine_threadsafe(self._listen(), loop).result(timeout=20)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(acceptor), loop).result(timeout=20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout=20)
            loop.close()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        import asyncssh

        server = self

        class Breaking(asyncssh.SFTPServer):
            def __init__(self, channel: asyncssh.SSHServerChannel) -> None:
                super().__init__(channel, chroot=str(server.served).encode())

            def write(self, file_obj: object, offset: int, data: bytes) -> int:
                server.writes += 1
                what = server.disturb(server.writes)
                if what == "full":
                    raise asyncssh.SFTPFailure("No space left on device")
                if what == "break":
                    super().write(file_obj, offset, data[: len(data) // 2])  # some of it has arrived
                    self.channel.get_connection().abort()
                return super().write(file_obj, offset, data)  # type: ignore[no-any-return]

        class Known(asyncssh.SSHServer):
            def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
                server._connections.append(connection)

        acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Known,
            server_host_keys=[self._host_key],
            authorized_client_keys=f"{self._client}.pub",
            sftp_factory=Breaking,
        )
        self.port = acceptor.get_port()
        key = self._host_key.export_public_key().decode()
        self._known.write_text(f"[127.0.0.1]:{self.port} {key}")
        return acceptor

    async def _end(self, acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        for connection in self._connections:
            connection.abort()
            await connection.wait_closed()
        await acceptor.wait_closed()

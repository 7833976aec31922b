"""A real web server with TLS and HTTP/2, and what it noted."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.tools import require_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["TlsServer", "serve_tls"]

_CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 256; }}
http {{
  log_format noted '$connection $server_protocol $status $uri';
  access_log {folder}/noted.log noted;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl{http2}; root {root};
    ssl_certificate {certificate}; ssl_certificate_key {certificate};
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One request, as the server saw it."""

    connection: str
    protocol: str
    status: int
    path: str


@dataclass(frozen=True, slots=True)
class TlsServer:
    """nginx on loopback."""

    url: str
    folder: Path

    def noted(self) -> list[Noted]:
        lines = (self.folder / "noted.log").read_text().splitlines()
        parts = (line.split(" ", 3) for line in lines)
        return [
            Noted(connection=one, protocol=protocol, status=int(status), path=path)
            for one, protocol, status, path in parts
        ]


@contextmanager
def serve_tls(
    root: Path, folder: Path, certificate: Path, *, http2: bool = True
) -> Iterator[TlsServer]:
    """Serve the files under ``root`` while the block runs."""
    nginx = require_tool("nginx")
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            root=root,
            port=port,
            certificate=certificate,
            http2=" http2" if http2 else "",
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    server = subprocess.Popen([nginx, "-c", config, "-p", folder], stderr=subprocess.DEVNULL)
    try:
        _wait(port, server)
        yield TlsServer(f"https://127.0.0.1:{port}", folder)
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        assert server.poll() is None, "nginx did not start"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            pause.wait(0.02)
        else:
            return
    raise AssertionError("nginx does not listen")

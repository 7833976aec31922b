"""nginx before a service of ours, as an operator puts it there.

Segments go out from the service's blob folder, by sendfile; everything else, playlists
and keys too, is passed on. So everybody fetches the same bytes from the same server, and
the service's own speed is not what is measured.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["find_nginx", "free_port", "nginx"]

_ALSO: Final = "/usr/sbin:/usr/local/sbin"  # seldom on the path of a user who is not root
_PATIENCE_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 30.0
_CONFIG: Final = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  types {{ video/mp2t ts; video/iso.segment m4s; }}
  server {{
    listen 127.0.0.1:{port};
    location /media/ {{ root {blobs}; }}
    location ~ \\.m3u8$ {{ proxy_pass {service}; proxy_set_header Host $http_host; }}
    location / {{
      proxy_pass {service}; proxy_set_header Host $http_host;
      proxy_http_version 1.1; proxy_request_buffering off;
    }}
  }}
}}
"""


def find_nginx() -> str:
    """Return the path of nginx.

    Raises:
        OperatorError: ``TOOL_NOT_FOUND``. A server of Python's would be slower than
            those whom it is to serve.
    """
    found = shutil.which("nginx") or shutil.which("nginx", path=_ALSO)
    if found is None:
        raise OperatorError(
            ErrorCode.TOOL_NOT_FOUND, "nginx is not installed, and nothing else here is fast enough"
        )
    return found


@contextmanager
def nginx(folder: Path, *, port: int, service: str, blobs: Path) -> Iterator[str]:
    """Serve on loopback while the block runs; the value is the URL.

    Args:
        folder: Where nginx keeps its own files; it is made.
        port: A free port.
        service: The URL of the service that it stands before.
        blobs: The service's blob folder.

    Raises:
        OperatorError: ``TOOL_NOT_FOUND``; ``CHECK_FAILED``: it does not start.
    """
    program = find_nginx()
    folder.mkdir()
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        _CONFIG.format(folder=folder, user=user, port=port, service=service, blobs=blobs)
    )
    server = subprocess.Popen(
        [program, "-c", config, "-p", folder],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(_STOP_SECONDS)


def free_port() -> int:
    """Return a port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise OperatorError(ErrorCode.CHECK_FAILED, "nginx did not start")

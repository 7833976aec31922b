"""The loopback server does what a test tells it."""

from __future__ import annotations

import socket
import threading

from vodseal.testing.http_server import Answer, LoopbackServer, Received


def exchange(server: LoopbackServer, head: str, body: bytes = b"") -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"{head}\r\nHost: h\r\nConnection: close\r\n".encode())
        connection.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


def test_it_records_and_answers() -> None:
    def respond(request: Received) -> Answer:
        return Answer(status=206, headers={"X-A": "b"}, body=b"hello")

    with LoopbackServer(respond) as server:
        answer = exchange(server, "POST /p?a=1&b=%20x HTTP/1.1\r\nX-Name: V", b"c=%2F&d=")
        received = server.received[0]
    assert answer.startswith(b"HTTP/1.1 206")
    assert b"X-A: b\r\n" in answer
    assert answer.endswith(b"\r\n\r\nhello")
    assert (received.method, received.target) == ("POST", "/p?a=1&b=%20x")
    assert received.query == {"a": "1", "b": " x"}
    assert received.form == {"c": "/", "d": ""}
    assert received.headers["x-name"] == "V"


def test_a_head_request_gets_no_body() -> None:
    with LoopbackServer(lambda request: Answer(body=b"hello")) as server:
        answer = exchange(server, "HEAD / HTTP/1.1")
    assert b"Content-Length: 5" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_it_can_lie_about_the_length() -> None:
    with LoopbackServer(lambda request: Answer(body=b"hello", announced=9)) as server:
        answer = exchange(server, "GET / HTTP/1.1")
    assert b"Content-Length: 9" in answer
    assert answer.endswith(b"hello")


def test_it_can_hang_up() -> None:
    with LoopbackServer(lambda request: Answer(hang_up=True)) as server:
        assert exchange(server, "GET / HTTP/1.1") == b""


def test_it_can_wait() -> None:
    event = threading.Event()
    release = threading.Timer(0, event.set)

    def respond(request: Received) -> Answer:
        release.start()
        return Answer(after=event, body=b"late")

    with LoopbackServer(respond) as server:
        assert exchange(server, "GET / HTTP/1.1").endswith(b"late")
    release.join()

"""The packaging process: what it is told, what it answers, when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.packaging.conftest import CONTENT_KEY, Outcome, make_spec

from vodseal.service.jobs.worker_process import WORKER_COMMAND
from vodseal.service.packaging.messages import (
    Failed,
    Finished,
    Planned,
    Progressed,
    decode_event,
    encode_message,
)


@pytest.fixture
def worker():
    process = subprocess.Popen(
        WORKER_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        yield process
        process.kill()


def test_it_answers_with_a_plan_progress_and_streams(worker, films, tmp_path):
    spec = make_spec(films.get("ladder"), "encrypted", tmp_path)
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    events = [decode_event(line) for line in worker.stdout]
    assert worker.wait(10) == 0
    assert worker.stderr.read() == b""
    assert isinstance(events[0], Planned)
    assert all(isinstance(event, Progressed) for event in events[1:-1])
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert [s.definition for s in finished.streams] == ["FD", "LD", "SD"]
    outcome = Outcome(
        folder=tmp_path / "media",
        keys={slot.job_id: slot.key for slot in spec.slots},
        finished=finished,
        events=events,
    )
    assert outcome.decode(finished.streams[0]).frames == 50


def test_a_failure_is_an_answer(worker, films, tmp_path):
    spec = make_spec(films.get("text"), "encrypted", tmp_path)
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    (line,) = worker.stdout.readlines()
    event = decode_event(line)
    assert isinstance(event, Failed)
    assert event.code == "InvalidVideo.Damaged"
    assert "not a video" in event.reason
    assert worker.wait(10) == 0


def test_a_missing_original_is_an_answer_without_its_path(worker, tmp_path, films):
    spec = make_spec(films.get("text"), "clear", tmp_path)
    line = encode_message(spec).replace(b"text.mp4", b"gone.mp4")
    worker.stdin.write(line)
    worker.stdin.flush()
    event = decode_event(worker.stdout.readline())
    assert event == Failed(code="InternalError", reason="a file of the service cannot be used")


def test_it_does_not_outlive_the_service(worker, films, tmp_path):
    """The service is gone when stdin ends; the worker ends in the middle of its work."""
    spec = make_spec(films.get("long-large"), "encrypted", tmp_path)
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    assert isinstance(decode_event(worker.stdout.readline()), Planned)
    worker.stdin.close()
    assert worker.wait(10) == 3
    assert all(isinstance(decode_event(line), Progressed) for line in worker.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_key_is_where_others_look(worker, films, tmp_path):
    spec = make_spec(films.get("long-large"), "encrypted", tmp_path)
    arguments = Path(f"/proc/{worker.pid}/cmdline").read_bytes()
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    assert isinstance(decode_event(worker.stdout.readline()), Planned)
    secrets = [CONTENT_KEY, *(slot.key for slot in spec.slots)]
    secrets += [secret.hex().encode() for secret in secrets]
    assert not any(secret in arguments for secret in secrets)
    limits = Path(f"/proc/{worker.pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    for path in (tmp_path / "media").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets)
            assert data[:1] != b"\x47" or path.suffix != ".ts"


def test_a_ctrl_c_is_left_to_the_service(worker, films, tmp_path):
    spec = make_spec(films.get("plain"), "encrypted", tmp_path)
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    assert isinstance(decode_event(worker.stdout.readline()), Planned)
    os.kill(worker.pid, signal.SIGINT)
    events = [decode_event(line) for line in worker.stdout]
    assert isinstance(events[-1], Finished)


def test_nothing_of_an_encrypted_film_is_clear_on_disk(worker, films, tmp_path):
    spec = make_spec(films.get("plain"), "encrypted", tmp_path)
    worker.stdin.write(encode_message(spec))
    worker.stdin.flush()
    assert isinstance(decode_event(worker.stdout.readlines()[-1]), Finished)
    plain = films.get("plain").read_bytes()
    samples = [plain[at : at + 32] for at in range(1000, len(plain) - 32, len(plain) // 50)]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 3  # the sealed original, a segment, a playlist
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)
    stored = [path.read_bytes() for path in files]
    assert not any(sample in data for sample in samples for data in stored)

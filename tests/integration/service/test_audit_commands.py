"""``vodseal audit`` as an operator uses it, while the service runs and afterwards."""

from __future__ import annotations

import pytest
from tests.scenario.cli_world import Person

from vodseal.error_codes import ErrorCode

from .conftest import publish
from .test_audit import key_request


@pytest.fixture
def operator(tmp_path) -> Person:
    return Person(tmp_path / "home")


def test_an_operator_sees_who_opened_what_and_that_the_log_holds(service, operator, tmp_path):
    stream, other = publish(service), publish(service)
    for item in (*stream, *other):
        assert service.http("GET", key_request(service, item)).status == 200
    data = service.settings.data
    running = operator.must("audit", "verify", "--data", data)
    assert running["ok"] is True
    video = stream[0].video_id
    rows = operator.must("audit", "list", "--data", data, "--video", video)["records"]
    opened = [row for row in rows if row["context"].get("via") == "key-server"]
    assert len(opened) == 1
    assert opened[0]["object"].split("/")[1] == video
    later = operator.must("audit", "list", "--data", data, "--after", running["records"])
    assert later["records"] == []
    service.stop()
    stopped = operator.must("audit", "verify", "--data", data)
    assert stopped["not_signed_yet"] == 0
    kept = tmp_path / "kept"
    kept.write_text(operator.must("audit", "checkpoint", "--data", data)["checkpoint"])
    key = stopped["public_key"]
    assert operator.must(
        "audit", "verify", "--data", data, "--checkpoint", kept, "--public-key", key
    )["ok"]


def test_an_operator_is_told_of_a_cut_log_and_another_key(service, operator, tmp_path):
    publish(service)
    service.stop()
    data = service.settings.data
    said = operator.call("audit", "verify", "--data", data, "--public-key", "00" * 32)
    assert (said.status, said.last["name"]) == (1, ErrorCode.AUDIT_LOG_UNUSABLE.name)
    assert operator.call("audit", "verify", "--data", data, "--public-key", "x").status == 2
    for path in (tmp_path / "none", tmp_path / "bad"):
        said = operator.call("audit", "verify", "--data", data, "--checkpoint", path)
        assert said.status == 1
        (tmp_path / "bad").write_text("no checkpoint")
    [path] = (data / "audit").glob("*.log")
    path.write_bytes(path.read_bytes()[:-10])
    said = operator.call("audit", "verify", "--data", data)
    assert said.status == 1
    assert "end was removed" in said.last["message"]


def test_where_no_service_was_there_is_no_log(operator, tmp_path):
    assert operator.call("audit", "verify", "--data", tmp_path / "x").status == 1
    assert operator.call("audit", "checkpoint", "--data", tmp_path / "x").status == 1
    assert operator.must("audit", "list", "--data", tmp_path / "x")["records"] == []

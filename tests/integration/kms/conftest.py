"""One fixture for all providers: a test that takes ``store`` is run with each."""

from __future__ import annotations

import logging

import pytest
from moto.server import ThreadedMotoServer
from tests.integration.kms.providers import AwsStore, LocalStore, Loop, TokenStore, make_token
from tests.tools import require_tool


@pytest.fixture(scope="session")
def loop():
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    tool = require_tool("softhsm2-util")
    folder = tmp_path_factory.mktemp("softhsm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        yield make_token(folder, tool)


@pytest.fixture(scope="session")
def aws_endpoint():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local", "pkcs11", "aws-kms"])
def store(request, tmp_path):
    if request.param == "local":
        return LocalStore(tmp_path)
    if request.param == "pkcs11":
        return TokenStore(request.getfixturevalue("token"))
    return AwsStore(request.getfixturevalue("aws_endpoint"))


@pytest.fixture
def kms(store, loop):
    opened = loop.run(store.open())
    yield opened
    loop.run(opened.close())

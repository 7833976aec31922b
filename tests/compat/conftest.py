"""Official clients of the vendor, as they are published. Only tests use them."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

import pytest


def imported(*names: str) -> list[Any]:
    """Return modules; without them skip loudly, or fail where CI promised them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs, at import
            return [importlib.import_module(name) for name in names]
    except ImportError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error.name} is not installed: this test shows nothing here")


@pytest.fixture(scope="session")
def vod() -> Any:
    """alibabacloud_vod20170321 3.8.0, which signs by version 1."""
    client, models, openapi, tea = imported(
        "alibabacloud_vod20170321.client",
        "alibabacloud_vod20170321.models",
        "alibabacloud_tea_openapi.models",
        "Tea.exceptions",
    )
    return _Names(client=client, models=models, openapi=openapi, tea=tea)


@pytest.fixture(scope="session")
def core() -> Any:
    """aliyun-python-sdk-core, the older family."""
    client, request, exceptions, credentials = imported(
        "aliyunsdkcore.client",
        "aliyunsdkcore.request",
        "aliyunsdkcore.acs_exception.exceptions",
        "aliyunsdkcore.auth.credentials",
    )
    return _Names(client=client, request=request, exceptions=exceptions, credentials=credentials)


@pytest.fixture(scope="session")
def oss() -> Any:
    """oss2, which uploads by header signature V1."""
    (module,) = imported("oss2")
    return module


class _Names:
    def __init__(self, **modules: Any) -> None:
        self.__dict__.update(modules)

"""How the service chooses its key provider, and what it says when it cannot have it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pkcs11
import pytest
from tests.integration.kms.providers import MODULE, find_module

from vodseal.error_codes import ErrorCode
from vodseal.errors import KeyServiceError, MisuseError, OperatorError
from vodseal.service.data_folder import DataFolder
from vodseal.service.kms import contexts
from vodseal.service.kms.aws_provider import AwsKeyService
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.opening import open_provider
from vodseal.service.kms.pkcs11_provider import Pkcs11KeyService
from vodseal.service.kms.provider_setting import (
    AwsSetting,
    LocalSetting,
    Pkcs11Setting,
    parse_key_service,
)
from vodseal.service.settings import Settings

CONTEXT = contexts.original("a" * 32)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("local", LocalSetting()),
        (
            "pkcs11:token=my%20token;object=k?module-path=/m.so&pin-source=file:///run/pin",
            Pkcs11Setting(
                module=Path("/m.so"), token="my token", pin_source=Path("/run/pin"), label="k"
            ),
        ),
        (
            "pkcs11:token=t?pin-source=/pin&module-path=/m.so",
            Pkcs11Setting(module=Path("/m.so"), token="t", pin_source=Path("/pin")),
        ),
        ("aws-kms:alias/vod", AwsSetting(key="alias/vod")),
        (
            "aws-kms:arn:aws:kms:eu-central-1:1:key/x?endpoint=http://127.0.0.1:1",
            AwsSetting(key="arn:aws:kms:eu-central-1:1:key/x", endpoint="http://127.0.0.1:1"),
        ),
    ],
)
def test_a_setting_names_its_provider(text, meant):
    assert parse_key_service(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vault",
        "local:x",
        "aws-kms:",
        "aws-kms:k?region=x",
        "pkcs11:",
        "pkcs11:token=t",
        "pkcs11:token=t?module-path=/m.so",
        "pkcs11:token=t?module-path=/m.so&pin-value=1234",
        "pkcs11:slot=1?module-path=/m.so&pin-source=/p",
    ],
)
def test_another_setting_is_refused_and_repeats_no_value(text):
    with pytest.raises(MisuseError) as caught:
        parse_key_service(text)
    assert "1234" not in caught.value.message


@pytest.fixture
def folder(tmp_path):
    made = DataFolder(tmp_path / "data", os.urandom)
    yield made
    made.close()


def settings_of(tmp_path, text):
    return Settings(data=tmp_path / "data", home=tmp_path / "home", key_service=text)


def open_as(loop, tmp_path, folder, text, *, is_used=False):
    settings = settings_of(tmp_path, text)
    return loop.run(open_provider(settings, folder, os.urandom, is_used=is_used))


def pkcs11_text(setting):
    return (
        f"pkcs11:token={setting.token}?module-path={setting.module}&pin-source={setting.pin_source}"
    )


def test_every_provider_opens_by_its_setting(loop, tmp_path, folder, token, aws_endpoint):
    import boto3

    key = boto3.client("kms", endpoint_url=aws_endpoint).create_key()["KeyMetadata"]["Arn"]
    for text, kind in (
        ("local", LocalKeyService),
        (pkcs11_text(token), Pkcs11KeyService),
        (f"aws-kms:{key}?endpoint={aws_endpoint}", AwsKeyService),
    ):
        kms = open_as(loop, tmp_path, folder, text)
        assert isinstance(kms, kind)
        blob = loop.run(kms.encrypt(b"k" * 16, CONTEXT))
        loop.run(kms.close())
        again = open_as(loop, tmp_path, folder, text, is_used=True)
        assert loop.run(again.decrypt(blob, CONTEXT)) == b"k" * 16
        loop.run(again.close())


def test_a_token_without_the_key_of_a_used_folder_is_refused(loop, tmp_path, folder, token):
    text = pkcs11_text(dataclasses.replace(token))
    with pytest.raises(KeyServiceError, match="no master key"):
        open_as(loop, tmp_path, folder, text, is_used=True)


def test_a_missing_token_module_pin_or_kms_is_told(loop, tmp_path, folder, token, aws_endpoint):
    wrong = [
        pkcs11_text(dataclasses.replace(token, token="another")),
        pkcs11_text(dataclasses.replace(token, module=tmp_path / MODULE)),
        pkcs11_text(dataclasses.replace(token, pin_source=tmp_path / "none")),
        f"aws-kms:00000000-0000-0000-0000-000000000000?endpoint={aws_endpoint}",
        "aws-kms:alias/none?endpoint=http://127.0.0.1:9",
    ]
    for text in wrong:
        with pytest.raises(KeyServiceError) as caught:
            open_as(loop, tmp_path, folder, text)
        assert caught.value.code is ErrorCode.KEY_SERVICE_UNUSABLE
        assert caught.value.remedy


def test_an_extra_that_is_not_installed_is_told(loop, tmp_path, folder, token, monkeypatch):
    for module, text in (("pkcs11", pkcs11_text(token)), ("boto3", "aws-kms:x")):
        for name in ("vodseal.service.kms.pkcs11_provider", "vodseal.service.kms.aws_provider"):
            monkeypatch.delitem(__import__("sys").modules, name, raising=False)
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(OperatorError) as caught:
            open_as(loop, tmp_path, folder, text)
        assert caught.value.code is ErrorCode.SERVICE_NOT_INSTALLED
        assert "pip install 'vodseal[" in caught.value.remedy


def test_the_key_of_a_token_cannot_be_taken_out(loop, tmp_path, folder, token):
    kms = open_as(loop, tmp_path, folder, pkcs11_text(token))
    session = pkcs11.lib(str(find_module())).get_token(token_label=token.token).open()
    [key] = session.get_objects({pkcs11.Attribute.LABEL: f"vodseal-{folder.id}"})
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        key[pkcs11.Attribute.VALUE]
    assert key[pkcs11.Attribute.EXTRACTABLE] is False
    session.close()
    loop.run(kms.close())


def test_a_disabled_kms_key_is_refused(loop, tmp_path, folder, aws_endpoint):
    import boto3

    client = boto3.client("kms", endpoint_url=aws_endpoint)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    kms = open_as(loop, tmp_path, folder, f"aws-kms:{key}?endpoint={aws_endpoint}")
    client.disable_key(KeyId=key)
    with pytest.raises(KeyServiceError):
        open_as(loop, tmp_path, folder, f"aws-kms:{key}?endpoint={aws_endpoint}")
    loop.run(kms.close())

"""Open the provider that ``key-service`` names, at a start of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodseal.error_codes import ErrorCode
from vodseal.errors import OperatorError
from vodseal.service.kms.local import LocalKeyService
from vodseal.service.kms.master_key import create_master_key, load_master_key
from vodseal.service.kms.provider_setting import AwsSetting, Pkcs11Setting, parse_key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vodseal.service.data_folder import DataFolder
    from vodseal.service.kms.protocol import KeyProvider
    from vodseal.service.settings import Settings

__all__ = ["open_provider"]


async def open_provider(
    settings: Settings,
    folder: DataFolder,
    random: Callable[[int], bytes],
    *,
    is_used: bool,
) -> KeyProvider:
    """Return the provider; ``is_used`` says that the folder's keys are wrapped already.

    A master key is made only for a folder that has no keys yet.

    Raises:
        OperatorError: ``MASTER_KEY_UNUSABLE``, ``SERVICE_NOT_INSTALLED``.
        KeyServiceError: The provider does not answer, or has no such key.
        MisuseError: The setting is none of the three forms.
    """
    setting = parse_key_service(settings.key_service)
    try:
        if isinstance(setting, Pkcs11Setting):
            from vodseal.service.kms.pkcs11_provider import (  # noqa: PLC0415 - an extra
                Pkcs11KeyService,
            )

            label = f"vodseal-{folder.id}"
            return await Pkcs11KeyService.open(setting, label, random, may_create=not is_used)
        if isinstance(setting, AwsSetting):
            from vodseal.service.kms.aws_provider import AwsKeyService  # noqa: PLC0415 - an extra

            return await AwsKeyService.open(setting.key, endpoint_url=setting.endpoint)
    except ModuleNotFoundError as error:
        extra = "pkcs11" if isinstance(setting, Pkcs11Setting) else "aws"
        raise OperatorError(
            ErrorCode.SERVICE_NOT_INSTALLED,
            f"this key service is not installed here: there is no {error.name}",
            remedy=f"Install it: pip install 'vodseal[{extra}]'.",
        ) from error
    return _open_local(settings, folder, random, is_used=is_used)


def _open_local(
    settings: Settings, folder: DataFolder, random: Callable[[int], bytes], *, is_used: bool
) -> LocalKeyService:
    path = settings.master_key or settings.home / "keys" / f"{folder.id}.key"
    _check_outside(path, folder.path)
    if path.exists() or is_used:
        return LocalKeyService(path, load_master_key(path), random)
    return LocalKeyService(path, create_master_key(path, random), random)


def _check_outside(path: Path, folder: Path) -> None:
    if path.resolve().is_relative_to(folder.resolve()):
        message = f"the master key {path} lies in the data folder: whoever takes it has both"
        remedy = "Choose a --master-key file outside of the data folder."
        raise OperatorError(ErrorCode.MASTER_KEY_UNUSABLE, message, remedy=remedy)

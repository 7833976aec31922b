"""``vodseal credentials``: issue a temporary credential, as an app server does.

What is printed is a source file for ``download --source`` (design 5). It holds a
secret that lives for as long as was asked for, so it goes to stdout alone.
"""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from vodseal.cli.commands import group_help
from vodseal.cli.profile import REGION, find_profile, open_admin
from vodseal.cli.terminal import Json, Terminal
from vodseal.errors import RequestError
from vodseal.rpc.messages.downloads import CreateHlsUriTokenRequest
from vodseal.rpc.messages.play import GetVideoPlayAuthRequest
from vodseal.rpc.messages.sts import AssumeRoleRequest
from vodseal.sdk.transport import is_unknown_action

if TYPE_CHECKING:
    from vodseal.sdk.transport import RpcClient

__all__ = ["credentials"]

credentials: Final = App(
    name="credentials", help=group_help("credentials", "credentials sts > source.json")
)

_ROLE: Final = "acs:ram::1:role/vodseal-downloads"
_SESSION: Final = "vodseal-cli"
_PLAY_AUTH_SECONDS: Final = 100
_ALLOWED: Final = (
    "vod:AcquireDownloadLicense",
    "vod:GetDownloadPolicy",
    "vod:GetPlayInfo",
    "vod:GetSegmentDigests",
)
_POLICY: Final = json_format.dumps(
    {
        "Version": "1",
        "Statement": [{"Effect": "Allow", "Action": list(_ALLOWED), "Resource": ["*"]}],
    }
)


@credentials.command
def sts(
    *, duration: Annotated[int, Parameter(validator=Number(gte=1))] = 3600, json: Json = False
) -> None:
    """Issue a temporary key that may download any video: AssumeRole.

    Example: vodseal credentials sts --duration 3600 > source.json

    Args:
        duration: How many seconds it lives.
        json: Print it in one line.
    """
    request = AssumeRoleRequest(
        role_arn=_ROLE, role_session_name=_SESSION, duration_seconds=duration, policy=_POLICY
    )
    profile = find_profile()
    with open_admin() as client:
        key = client.send(request).credentials
        config = _play_config(client, None, duration)
    source: dict[str, object] = {
        "kind": "sts",
        "region": REGION,
        "endpoint": profile.endpoint,
        "access_key_id": key.access_key_id,
        "access_key_secret": key.access_key_secret,
        "security_token": key.security_token,
        "expiration": key.expiration,
        **config,
    }
    _print(source, as_json=json)


@credentials.command(name="play-auth")
def play_auth(
    vid: str,
    /,
    *,
    timeout: Annotated[int, Parameter(validator=Number(gte=1))] = _PLAY_AUTH_SECONDS,
    json: Json = False,
) -> None:
    """Issue a play credential for one video: GetVideoPlayAuth.

    Example: vodseal credentials play-auth 93ab850b4f6f44eab54b6e91d24d81d4 > source.json

    Args:
        vid: The video's id.
        timeout: How many seconds it lives, 100 to 3000.
        json: Print it in one line.
    """
    request = GetVideoPlayAuthRequest(video_id=vid, auth_info_timeout=timeout)
    profile = find_profile()
    with open_admin() as client:
        answer = client.send(request)
        config = _play_config(client, vid, timeout)
    source: dict[str, object] = {
        "kind": "auth",
        "vid": vid,
        "region": REGION,
        "endpoint": profile.endpoint,
        "play_auth": answer.play_auth,
        **config,
    }
    _print(source, as_json=json)


def _play_config(client: RpcClient, vid: str | None, seconds: int) -> dict[str, object]:
    """Return the play config with a token for the key server, where the service issues any."""
    try:
        answer = client.send(CreateHlsUriTokenRequest(video_id=vid, timeout=seconds))
    except RequestError as error:
        if is_unknown_action(error):
            return {}
        raise
    return {"play_config": {"MtsHlsUriToken": answer.mts_hls_uri_token}}


def _print(source: dict[str, object], *, as_json: bool) -> None:
    Terminal(as_json=as_json).answer(source, json_format.dumps(source, indent=1))

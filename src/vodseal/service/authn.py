"""Who calls: the signature of a request, checked in a fixed order (wire 15).

Key, token, signature, time, nonce; then whether the action exists, whether the
caller may do it, and last its parameters. Nothing is remembered of a request
whose signature is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vodseal.container.keys import hkdf_expand
from vodseal.errors import RpcError
from vodseal.rpc.play_auth import check_auth_info
from vodseal.rpc.signing_v1 import verify
from vodseal.service.policy import (
    ADMIN_ACTIONS,
    OPEN_ACTIONS,
    PLAY_ACTIONS,
    READ_ACTIONS,
    SAME_AS,
    parse_policy,
)
from vodseal.service.session_tokens import KEY_ID_PREFIX, Session, SessionKind, open_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vodseal.rpc.replay import NonceWindow
    from vodseal.service.access_keys import AccessKeys
    from vodseal.service.context import ServiceContext

__all__ = ["Authenticator", "Caller", "auth_info_key", "authorize", "check_session"]

_AUTH_INFO: Final = b"vodseal1/auth-info-key\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed a request, and on what ground."""

    key_id: str
    session: Session | None = None
    """None for a key pair of the operator's."""

    @property
    def label(self) -> str:
        """Return how the audit log calls them: the key, and whose session it is."""
        if self.session is None:
            return self.key_id
        name = self.session.name or self.session.resource
        return f"{self.session.kind.value}:{name}/{self.key_id}"

    @property
    def name(self) -> str:
        """Return how the log calls them."""
        return self.session.name or self.session.kind.value if self.session else self.key_id


class Authenticator:
    """Checks requests. One for the whole service, since it knows the nonces."""

    def __init__(self, context: ServiceContext, keys: AccessKeys, nonces: NonceWindow) -> None:
        self._context = context
        self._keys = keys
        self._nonces = nonces

    async def caller(self, method: str, parameters: Mapping[str, str], now: float) -> Caller:
        """Return who signed a request.

        Raises:
            RpcError: Any refusal of wire 4, the first that applies in the order
                of this module.
        """
        key_id = parameters.get("AccessKeyId", "")
        if not key_id:
            raise RpcError("MissingAccessKeyId")
        token = parameters.get("SecurityToken", "")
        session: Session | None = None
        if key_id.startswith(KEY_ID_PREFIX):
            session = check_session(self._context.keys.tokens, key_id, token, now)
            secret = session.secret
        else:
            secret = await self._keys.secret(key_id)
            if token:
                raise RpcError("InvalidSecurityToken.MismatchWithAccessKey")
        verify(method, parameters, secret)
        nonce = parameters.get("SignatureNonce", "")
        self._nonces.use(key_id, nonce, parameters.get("Timestamp"), now)
        return Caller(key_id=key_id, session=session)


def check_session(tokens_key: bytes, key_id: str, token: str, now: float) -> Session:
    """Return the session that ``token`` carries, when it is ``key_id``'s and not over.

    Raises:
        RpcError: ``MissingSecurityToken``, ``InvalidSecurityToken.*``.
    """
    if not token:
        raise RpcError("MissingSecurityToken")
    session = open_token(tokens_key, token)
    if session.key_id != key_id:
        raise RpcError("InvalidSecurityToken.MismatchWithAccessKey")
    if now >= session.expires_at:
        raise RpcError("InvalidSecurityToken.Expired")
    return session


def auth_info_key(context: ServiceContext) -> bytes:
    """Return the key that authenticates AuthInfo."""
    return hkdf_expand(context.keys.tokens, _AUTH_INFO)


def authorize(
    context: ServiceContext,
    caller: Caller,
    action: str,
    parameters: Mapping[str, str],
    now: float,
) -> None:
    """Return when ``caller`` may do ``action`` on the video that it names.

    Raises:
        RpcError: ``NoPermission``, or what is wrong with the AuthInfo.
    """
    session = caller.session
    if session is None or action in OPEN_ACTIONS:
        return
    action = SAME_AS.get(action, action)
    video_id = parameters.get("VideoId", "")
    if session.kind is SessionKind.PLAY:
        if action not in PLAY_ACTIONS:
            raise RpcError("NoPermission")
        info = parameters.get("AuthInfo", "")
        if not info:
            raise RpcError("MissingAuthInfo")
        check_auth_info(auth_info_key(context), info, video_id=video_id, now=now)
        if session.resource != video_id:
            raise RpcError("InvalidAuth.MediaId")
        return
    if session.kind is not SessionKind.ROLE or action in ADMIN_ACTIONS:
        raise RpcError("NoPermission")
    if not session.policy:
        if action not in READ_ACTIONS:
            raise RpcError("NoPermission")
        return
    resource = f"acs:vod:cn-shanghai:{context.settings.account_id}:video/{video_id or '*'}"
    if not parse_policy(session.policy).allows(f"vod:{action}", resource):
        raise RpcError("NoPermission")

"""What a caller may do: a small part of the vendor's policy language (wire 7).

``{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["vod:Get*"],
"Resource": ["acs:vod:*:*:video/<id>"]}]}``. A deny wins over every allow, and
what nothing allows is refused. Conditions are refused when the policy is given:
a limit that we cannot check must not be taken for one that we do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vodseal.errors import RpcError
from vodseal.rpc.codec import decode_json

__all__ = [
    "ADMIN_ACTIONS",
    "OPEN_ACTIONS",
    "PLAY_ACTIONS",
    "READ_ACTIONS",
    "SAME_AS",
    "Policy",
    "parse_policy",
]

ADMIN_ACTIONS: Final = frozenset(
    {
        "AssumeRole",
        "GenerateDownloadSecretKey",
        "ListLicenses",
        "RegisterApp",
        "ReissueApp",
        "RevokeApp",
        "RevokeDevice",
        "GetKeyRotation",
        "RotateMasterKey",
        "RevokeLicenses",
        "SetLicensePolicy",
        "SetServiceSettings",
    }
)
"""What no session may do, whatever its policy says."""

OPEN_ACTIONS: Final = frozenset({"GetRevocationList"})
"""What every session may do, whatever its policy and its video: no one is kept from hearing it."""

SAME_AS: Final = {
    "GetEnrolmentChallenge": "AcquireDownloadLicense",
    "EnrollDevice": "AcquireDownloadLicense",
}
"""What goes without saying: who may have a license may enrol for it."""

READ_ACTIONS: Final = frozenset(
    {
        "AcquireDownloadLicense",
        "CheckInDevice",
        "CreateHlsUriToken",
        "GetDownloadPolicy",
        "GetPlayInfo",
        "GetSegmentDigests",
        "GetVideoInfo",
        "GetVideoList",
        "GetVideoPlayAuth",
    }
)
"""What a session without a policy may do: read, play, download."""

PLAY_ACTIONS: Final = frozenset(
    {
        "AcquireDownloadLicense",
        "CheckInDevice",
        "CreateHlsUriToken",
        "GetDownloadPolicy",
        "GetPlayInfo",
        "GetSegmentDigests",
    }
)
"""What the credential of a PlayAuth may do, for its video."""

_MAX_POLICY_LENGTH: Final = 2048
_STATEMENT_MEMBERS: Final = frozenset({"Effect", "Action", "Resource"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    allows: bool
    actions: tuple[re.Pattern[str], ...]
    resources: tuple[re.Pattern[str], ...]

    def covers(self, action: str, resource: str) -> bool:
        return any(item.fullmatch(action) for item in self.actions) and any(
            item.fullmatch(resource) for item in self.resources
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A parsed policy."""

    statements: tuple[_Statement, ...]

    def allows(self, action: str, resource: str) -> bool:
        """Return whether ``vod:Action`` is allowed on ``acs:vod:..``."""
        covering = [item for item in self.statements if item.covers(action, resource)]
        return bool(covering) and all(item.allows for item in covering)


def parse_policy(text: str) -> Policy:
    """Return the policy in ``text``.

    Raises:
        RpcError: ``InvalidParameter.PolicySize``, ``InvalidParameter.PolicyGrammar``.
    """
    if len(text) > _MAX_POLICY_LENGTH:
        raise RpcError("InvalidParameter.PolicySize")
    try:
        document = decode_json(text)
        _expect(document.get("Version", "1") == "1" and isinstance(document["Statement"], list))
        return Policy(statements=tuple(_statement(item) for item in document["Statement"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RpcError("InvalidParameter.PolicyGrammar") from None


def _statement(item: dict[str, object]) -> _Statement:
    _expect(set(item) <= _STATEMENT_MEMBERS and item["Effect"] in {"Allow", "Deny"})
    return _Statement(
        allows=item["Effect"] == "Allow",
        actions=_patterns(item["Action"], re.IGNORECASE),
        resources=_patterns(item.get("Resource", "*"), 0),
    )


def _patterns(value: object, flags: int) -> tuple[re.Pattern[str], ...]:
    """Return patterns in which ``*`` is any text and ``?`` any character."""
    texts = value if isinstance(value, list) else [value]
    _expect(all(isinstance(text, str) for text in texts))
    return tuple(re.compile(_expression(str(text)), flags | re.DOTALL) for text in texts)


def _expression(text: str) -> str:
    """Return a regular expression for ``text``, which never goes back to try a piece elsewhere.

    What lies between two stars is of one length, so its first place is as good as
    any. To try all would let a short policy keep the service busy for years.
    """
    first, *rest = (re.escape(piece).replace(r"\?", ".") for piece in text.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _expect(condition: bool) -> None:  # noqa: FBT001 - reads like an assertion
    if not condition:
        raise ValueError("not a policy")

"""Sign in: v2 client credentials, then v1, then the old application token; renew before expiry."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from reconciler.errors import Malformed, ProviderError, Unauthenticated
from reconciler.providers.runai.target import RunaiTarget
from reconciler.resource import Json
from reconciler.transport import Answer, Call, Transport
from reconciler.transport.pace import server_time
from reconciler.transport.strict import read_json
from reconciler.transport.words import words_of

_FORM = "application/x-www-form-urlencoded"
_TOKEN = re.compile(r"[!-~]+")
_UNSTATED_S = 600.0
_LONGEST_S = 86_400.0
_USED_SHARE = 0.8
_NO_V2 = frozenset({"2.22", "2.23"})
_ELSEWHERE = "no control plane answers there: check the url of this target, which ends before /api"
_FINAL = frozenset({"invalid_client", "invalid_grant", "access_denied"})


@dataclass(frozen=True, slots=True)
class _Way:
    """Describe one way to sign in: its name, where, in which form, with which names."""

    name: str
    path: str
    content_type: str
    body: Callable[[str, str], bytes]


def _v2(client: str, secret: str) -> bytes:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return urlencode(form).encode()


def _v1(client: str, secret: str) -> bytes:
    body = {"grantType": "client_credentials", "clientID": client, "clientSecret": secret}
    return json.dumps(body).encode()


def _app(client: str, secret: str) -> bytes:
    return json.dumps({"grantType": "app_token", "AppId": client, "AppSecret": secret}).encode()


V2 = _Way("v2", "/api/v2/token", _FORM, _v2)
V1 = _Way("v1", "/api/v1/token", "application/json", _v1)
APP = _Way("v1 (app_token)", "/api/v1/token", "application/json", _app)


@dataclass(frozen=True, slots=True)
class Held:
    """Tell of the token in hand: the way it was got, and its whole life in seconds."""

    way: str = ""
    life_s: float = 0.0


class Tokens:
    """Keep one token fresh. However many ask, one request signs in."""

    def __init__(self, transport: Transport, settings: RunaiTarget) -> None:
        self._transport, self._auth = transport, settings.auth
        self._ways: tuple[_Way, ...] = (V1, APP) if settings.apiLevel in _NO_V2 else (V2, V1, APP)
        self._lock = asyncio.Lock()
        self._token, self._good_until = "", 0.0
        self.held = Held()
        transport.scrubber.learn(self._auth.clientSecret.get_secret_value())

    async def token(self) -> str:
        """Give a token with life left. Raises Unauthenticated, or what keeps us from asking."""
        if self._is_fresh():
            return self._token
        async with self._lock:
            return self._token if self._is_fresh() else await self._sign_in()

    async def renew(self, stale: str) -> str:
        """Give another token than the one that was refused."""
        async with self._lock:
            return self._token if self._token != stale and self._is_fresh() else await self._sign_in()

    def _is_fresh(self) -> bool:
        return bool(self._token) and self._transport.clock.monotonic() < self._good_until

    async def _sign_in(self) -> str:
        """Try the ways in order and stay with the one that worked."""
        asked_at = self._transport.clock.monotonic()
        refused: list[tuple[Call, Answer]] = []
        for way in self._ways:
            call, answer = await self._try(way)
            if answer.status == 200:
                token, life = self._read(call, answer)
                self._token, self._good_until = token, asked_at + life * _USED_SHARE
                self._ways, self.held = (way,), Held(way.name, life)
                self._transport.scrubber.learn(token)
                return token
            if answer.status >= 500 or 300 <= answer.status < 400 or answer.status == 429:
                self._transport.speech.refuse(call, answer)
            refused.append((call, answer))
            if way is V2 and _is_final(answer):
                break
        raise self._refusal(refused)

    async def _try(self, way: _Way) -> tuple[Call, Answer]:
        secret = self._auth.clientSecret.get_secret_value()
        call = Call(
            "POST",
            self._transport.url_of(way.path),
            "sign in as",
            self._auth.clientId,
            way.body(self._auth.clientId, secret),
            way.content_type,
            is_signed=False,
        )
        return call, await self._transport.ask(call)

    def _read(self, call: Call, answer: Answer) -> tuple[str, float]:
        body = self._transport.speech.value(call, answer)
        token = _first(body, "access_token", "accessToken")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._transport.speech.error(Malformed, call, "the answer holds no token")
        life = _first(body, "expires_in", "expiresIn")
        if isinstance(life, int | float) and not isinstance(life, bool) and life > 0:
            return token, float(min(life, _LONGEST_S))
        return token, _life_of(token, answer)

    def _refusal(self, refused: list[tuple[Call, Answer]]) -> ProviderError:
        """Tell why, in the words of the way that understood the question best."""
        if not any(_judges(answer) for _, answer in refused):
            call, answer = refused[0]
            said = words_of(answer) or "nothing here signs anybody in"
            return self._transport.speech.error(Malformed, call, said, status=answer.status, hint=_ELSEWHERE)
        call, answer = next((pair for pair in refused if pair[1].status == 401), refused[-1])
        return self._transport.speech.error(
            Unauthenticated,
            call,
            words_of(answer) or "the credentials were not accepted",
            status=answer.status,
            hint="check auth.clientId and auth.clientSecret of the target",
        )


def _judges(answer: Answer) -> bool:
    """Tell whether this is the word of something that signs people in, and not of whatever else answers."""
    if answer.status in (401, 403):
        return True
    try:
        return answer.status not in (404, 405) and isinstance(read_json(answer.body), dict)
    except ValueError:
        return False


def _is_final(answer: Answer) -> bool:
    """Tell whether v2 understood and refused, so that no older way may be tried."""
    try:
        body = read_json(answer.body)
    except ValueError:
        return False
    if not isinstance(body, dict):
        return False
    return answer.status == 401 or body.get("error") in _FINAL


def _life_of(token: str, answer: Answer) -> float:
    """Read how long a token lives from its own claims, on the server's clock."""
    claims = _claims(token)
    expiry, since = claims.get("exp"), claims.get("iat")
    now = server_time(answer.date)
    start = now.timestamp() if now else since
    if not isinstance(expiry, int | float) or not isinstance(start, int | float):
        return _UNSTATED_S
    last = min(expiry, start + _LONGEST_S)
    return float(max(last - start, 1))


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = read_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _first(body: Json, *names: str) -> Json:
    return next((body[name] for name in names if isinstance(body, dict) and body.get(name)), None)

"""Hand out bearer tokens and know whose they are.

Two endpoints, as the platform has them: JSON at v1, OAuth2 forms at v2. A token is a signed
three-part JWT whose `exp` is emulated time.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from reconciler.emulator.clock import Clock

_KEY = b"emulator: not a secret"
_FORM = "application/x-www-form-urlencoded"
_V2_SINCE = (2, 24)
# What the v1 body calls the client's id and secret, per grant; keys are compared in lower case.
_V1_GRANTS = {
    "client_credentials": (("clientid",), ("clientsecret",)),
    "app_token": (("appid", "clientid"), ("appsecret", "clientsecret")),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a token stands for; `projects` None means all of them.

    `reads_clusters` False: of clusters only the short form that everybody may see.
    """

    name: str
    client_id: str
    projects: frozenset[str] | None = None
    can_write: bool = True
    reads_clusters: bool = True

    def can_see(self, project: str) -> bool:
        """Whether a project, by name, is within this principal's reach."""
        return self.projects is None or project in self.projects


class Unauthenticated(Exception):
    """The request carries no token that counts; says why."""


async def on_unauthenticated(_: Request, exc: Exception) -> Response:
    """Answer 401 in the control plane's error shape; an exception handler for Starlette."""
    return JSONResponse({"code": 401, "message": "Unauthorized", "details": str(exc)}, status_code=401)


class Tokens:
    """The credentials, the endpoints that take them, and the check of what they gave.

    `v1_refusal` is the status for wrong credentials at v1: its document lists 400 and no 401.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token_ttl_s: float = 3600,
        api_level: str = "2.25",
        v1_refusal: int = 400,
    ) -> None:
        self.clock = clock
        self.token_ttl_s = token_ttl_s
        self.v1_refusal = v1_refusal
        self._level = tuple(int(part) for part in api_level.split("."))
        self._secrets: dict[str, str] = {}
        self._principals: dict[str, Principal] = {}
        self._generation = 0
        self._issued = 0
        self.add("demo", "demo-secret", "demo")

    def add(
        self,
        client_id: str,
        secret: str,
        name: str,
        projects: Iterable[str] | None = None,
        can_write: bool = True,
        reads_clusters: bool = True,
    ) -> Principal:
        """Let a client in; `projects` are names, None for all. Replaces what it was before."""
        reach = None if projects is None else frozenset(projects)
        principal = Principal(name, client_id, reach, can_write, reads_clusters)
        self._secrets[client_id] = secret
        self._principals[client_id] = principal
        return principal

    def revoke_all(self) -> None:
        """Make every token handed out so far worthless."""
        self._generation += 1

    def routes(self) -> list[Route]:
        """Give the token endpoints of this API level."""
        v1 = Route("/api/v1/token", self._v1, methods=["POST"])
        v2 = Route("/api/v2/token", self._v2, methods=["POST"])
        return [v1, v2] if self._level >= _V2_SINCE else [v1]

    def principal_of(self, connection: HTTPConnection) -> Principal:
        """Read who asks; works for requests and WebSocket handshakes.

        Raises Unauthenticated if the token is missing, malformed, expired or revoked.
        """
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("no bearer token in the Authorization header")
        return self.check(token.strip())

    def check(self, token: str) -> Principal:
        """Find the principal of a token.  Raises Unauthenticated if it does not count (now)."""
        claims = _claims(token)
        if claims["exp"] <= self.clock.now().timestamp():
            raise Unauthenticated("token is expired")
        if claims["gen"] != self._generation:
            raise Unauthenticated("token is revoked")
        principal = self._principals.get(claims["sub"])
        if principal is None:
            raise Unauthenticated("token names nobody known")
        return principal

    def name_of(self, scope: Scope) -> str | None:
        """Read the principal's name off a scope, None if there is none: for the ledger."""
        try:
            return self.principal_of(HTTPConnection(scope)).name
        except Unauthenticated:
            return None

    def issue(self, client_id: str) -> str:
        """Make a token for a known client, as the endpoints do."""
        now = int(self.clock.now().timestamp())
        self._issued += 1
        return _sign(
            {
                "iss": "emulator",
                "sub": client_id,
                "azp": client_id,
                "preferred_username": self._principals[client_id].name,
                "iat": now,
                "exp": now + self._ttl_s,
                "jti": str(self._issued),
                "gen": self._generation,
            }
        )

    @property
    def _ttl_s(self) -> int:
        return int(self.token_ttl_s)

    def _is_right(self, client_id: str, secret: str) -> bool:
        known = self._secrets.get(client_id)
        return known is not None and hmac.compare_digest(known.encode(), secret.encode())

    async def _v1(self, request: Request) -> Response:
        body = await _json_object(request)
        if body is None:
            return _error(400, "Failed to read request body")
        asked = {k.lower(): v for k, v in body.items()}
        names = _V1_GRANTS.get(str(asked.get("granttype")))
        if names is None:
            return _error(400, f"grant type {asked.get('granttype')!r} is not supported")
        client_id, secret = (_first(asked, keys) for keys in names)
        if not client_id or not secret:
            return _error(400, "client id and client secret must not be empty")
        if not self._is_right(client_id, secret):
            return _error(self.v1_refusal, "Invalid client credentials")
        return JSONResponse({"accessToken": self.issue(client_id), "expiresIn": self._ttl_s})

    async def _v2(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return _oauth2_error(400, "invalid_request", f"content type must be {_FORM}")
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if "grant_type" not in form:
            return _oauth2_error(400, "invalid_request", "grant_type is missing")
        if form["grant_type"] != "client_credentials":
            return _oauth2_error(400, "unsupported_grant_type", "only client_credentials")
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        if not client_id:
            return _oauth2_error(400, "invalid_request", "client_id is missing")
        if not self._is_right(client_id, secret):
            return _oauth2_error(401, "invalid_client", "Invalid client or client credentials")
        token = {"access_token": self.issue(client_id), "token_type": "Bearer"}
        return JSONResponse({**token, "expires_in": self._ttl_s})


async def _json_object(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _first(body: dict[str, Any], keys: tuple[str, ...]) -> str:
    found = (body[key] for key in keys if isinstance(body.get(key), str))
    return next(found, "")


def _error(code: int, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status_code=code)


def _oauth2_error(status: int, error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return JSONResponse(body, status_code=status)


def _sign(claims: dict[str, Any]) -> str:
    head = _part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _part(json.dumps(claims).encode())
    return f"{head}.{body}.{_signature(head, body)}"


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise Unauthenticated("token is malformed")
    head, body, signature = parts
    if not hmac.compare_digest(signature.encode(), _signature(head, body).encode()):
        raise Unauthenticated("token signature is invalid")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _signature(head: str, body: str) -> str:
    return _part(hmac.new(_KEY, f"{head}.{body}".encode(), hashlib.sha256).digest())


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""Credentials: one of a bearer token, an API key, a login cookie or a user id, each in its own header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from reconciler.providers.primus_safe.target import Auth
from reconciler.transport import Transport


@dataclass(frozen=True, slots=True)
class Way:
    """Name one way to sign in, and the header that does it."""

    name: str
    header: str
    form: str = "{}"

    def headers(self, credential: str) -> Mapping[str, str]:
        """Give the header that signs a request."""
        return {self.header: self.form.format(credential)}


TOKEN = Way("token", "authorization", "Bearer {}")
API_KEY = Way("apiKey", "authorization", "Bearer {}")
COOKIE = Way("cookie", "cookie", "Token={}")
USER_ID = Way("userId", "userid")


class Tokens:
    """Hold the one credential that the fleet file gives. None of them can be renewed by us."""

    def __init__(self, transport: Transport, auth: Auth) -> None:
        self.way, self._credential = _chosen(auth)
        if self.way is not USER_ID:  # an id is no secret, and its words may stand in any row
            transport.scrubber.learn(self._credential)
            transport.scrubber.learn(unquote(self._credential))
        transport.sign = self.way.headers

    async def token(self) -> str:
        """Give the credential."""
        return self._credential

    async def renew(self, stale: str) -> str:
        """Give the same again: a token that was refused stays refused."""
        return stale


def _chosen(auth: Auth) -> tuple[Way, str]:
    """Pick the way that is stated; exactly one is, or the target block is not valid."""
    if auth.token is not None:
        return TOKEN, auth.token.get_secret_value()
    if auth.apiKey is not None:
        return API_KEY, auth.apiKey.get_secret_value()
    if auth.cookie is not None:
        return COOKIE, _cookie(auth.cookie.get_secret_value())
    return USER_ID, auth.userId or ""


def _cookie(value: str) -> str:
    """Encode a cookie's value once, whether or not it was copied encoded: the server decodes it once."""
    return quote(unquote(value.strip().removeprefix("Token=")), safe="")

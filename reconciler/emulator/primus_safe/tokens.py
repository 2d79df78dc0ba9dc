"""Hand out logins and API keys, and know whose they are.

A token is base64 of a sealed `user:expiry:type`; the second generation adds the name. An API key
starts with `ak-`.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.types import Scope

from reconciler.emulator.clock import Clock
from reconciler.emulator.primus_safe.errors import ApiError, not_registered, unauthorized
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.switches import Switches
from reconciler.emulator.primus_safe.users import User, Users

_SEAL = b"emulator: not a secret"
KEY_PREFIX = "ak-"
FOREVER = -1


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that stands for a user; the text is shown once."""

    id: int
    name: str
    user_id: str
    text: str
    created_at: datetime
    expires_at: datetime
    whitelist: tuple[str, ...] = ()


class Tokens:
    """The logins and keys of one server."""

    def __init__(self, clock: Clock, users: Users, generation: Generation, switches: Switches) -> None:
        self.clock, self.users = clock, users
        self.generation, self.switches = generation, switches
        self.keys: dict[str, ApiKey] = {}
        self._born = 0

    def issue(self, user: User) -> tuple[str, int]:
        """Make a token and tell when it ends, in seconds since 1970; -1 for never."""
        ttl = self.switches.token_ttl_s
        ends = FOREVER if ttl < 0 else int(self.clock.now().timestamp()) + ttl
        parts = [user.id, str(ends), "default", *(() if self.generation.is_first else (user.name,))]
        text = ":".join(parts)
        sealed = f"{_signed(text, self._born)}:{text}".encode()
        return base64.b64encode(sealed).decode(), ends

    def revoke_all(self) -> None:
        """Make every token handed out so far worthless; keys stay."""
        self._born += 1

    def add_key(
        self, user: User, name: str, ttl: timedelta, text: str = "", *, whitelist: Sequence[str] = ()
    ) -> ApiKey:
        """Make a key for a user; where there is a whitelist, it counts from those addresses only."""
        number = len(self.keys) + 1
        made = text or KEY_PREFIX + hashlib.sha256(f"{user.id}/{number}".encode()).hexdigest()[:40]
        now = self.clock.now()
        self.keys[made] = ApiKey(number, name, user.id, made, now, now + ttl, tuple(whitelist))
        return self.keys[made]

    def remove_key(self, user: User, number: int) -> bool:
        """Take a key of a user away; False if there is none."""
        mine = [key for key in self.keys.values() if key.id == number and key.user_id == user.id]
        for key in mine:
            del self.keys[key.text]
        return bool(mine)

    def user_of(self, connection: HTTPConnection) -> User:
        """Read who asks, in the generation's order of ways.

        Raises ApiError 401 if nobody does, or nobody known.
        """
        id_ = self.id_of(connection)
        user = self.users.get(id_)
        if user is None:
            raise not_registered(id_)
        return user

    def name_of(self, scope: Scope) -> str | None:
        """Read the user's name off a scope, None if there is none: for the ledger."""
        try:
            return self.user_of(HTTPConnection(scope)).name
        except ApiError:
            return None

    def id_of(self, connection: HTTPConnection) -> str:
        """Read the id of who asks, account or not.  Raises ApiError 401 if nobody does."""
        key = _key_in(connection) if self.generation.takes_api_key else ""
        if key:
            return self._of_key(key, connection.client.host if connection.client else "")
        cookie = unquote(connection.cookies.get("Token", ""))
        if cookie:
            return self._of_token(cookie)
        bearer = self._bearer(connection)
        if bearer:
            return self._of_token(bearer)
        stated = connection.headers.get("userid", "")
        if stated and _either(self.switches.user_id_header, self.generation.takes_user_id):
            return stated
        raise unauthorized(
            "http: cookie Token not present" if self.generation.is_first else "token not present"
        )

    def key_of(self, connection: HTTPConnection) -> ApiKey | None:
        """Give the API key that a request carries, if it carries one that counts."""
        return self.keys.get(_key_in(connection))

    def _bearer(self, connection: HTTPConnection) -> str:
        if not _either(self.switches.bearer, self.generation.takes_bearer):
            return ""
        parts = connection.headers.get("authorization", "").split(" ")
        return parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else ""

    def _of_key(self, text: str, host: str) -> str:
        key = self.keys.get(text)
        if key is None or key.expires_at <= self.clock.now():
            raise unauthorized("the API key is invalid or has expired")
        if key.whitelist and not any(_holds(net, host) for net in key.whitelist):
            raise unauthorized(f"the API key does not count from {host}")
        return key.user_id

    def _of_token(self, text: str) -> str:
        parts = _opened(text, self._born)
        if len(parts) != (3 if self.generation.is_first else 4) or not all(parts):
            raise self._invalid("invalid")
        ends = int(parts[1])
        if ends != FOREVER and self.clock.now().timestamp() > ends:
            raise self._invalid("expired")
        return parts[0]

    def _invalid(self, why: str) -> ApiError:
        if why == "expired" and self.generation.is_first:
            return unauthorized("The user's token has expired, please login again")
        return unauthorized("The user's token is invalid, please login first")


def _either(switch: bool | None, default: bool) -> bool:
    return default if switch is None else switch


def _holds(net: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(net, strict=False)
    except ValueError:
        return False


def _key_in(connection: HTTPConnection) -> str:
    """Find an API key: as a bearer token, or as the password of basic authentication."""
    scheme, _, rest = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and rest.strip().startswith(KEY_PREFIX):
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        password = base64.b64decode(rest.strip()).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
    return password if password.startswith(KEY_PREFIX) else ""


def _signed(text: str, born: int) -> str:
    return hmac.new(_SEAL, f"{born}:{text}".encode(), hashlib.sha256).hexdigest()


def _opened(token: str, born: int) -> list[str]:
    try:
        seal, _, text = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return []
    return text.split(":") if hmac.compare_digest(seal, _signed(text, born)) else []

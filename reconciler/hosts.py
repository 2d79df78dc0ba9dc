"""Where a token may go: decided before any connection, and never by what a server answers."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from urllib.parse import urlsplit

NARROWING = "RECONCILER_ALLOWED_HOSTS"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        name = host.casefold().rstrip(".")
        return name == "localhost" or name.endswith(".localhost")


def origin_of(url: str) -> tuple[str, str, int]:
    """Split a URL into scheme, host and port. Raises ValueError if it is not a plain http(s) URL."""
    parts = urlsplit(url)
    host, scheme = (parts.hostname or "").casefold(), parts.scheme.casefold()
    if scheme not in {"http", "https", "ws", "wss"} or not host:
        raise ValueError("it is not a URL: write https:// and the host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it holds a user name or password")
    secure = scheme in {"https", "wss"}
    if not secure and not is_loopback(host):
        raise ValueError("plain http is for loopback hosts only; write https")
    return ("https" if secure else "http"), host, parts.port or (443 if secure else 80)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Say where a token may be sent.

    `urls` are allowed by their origin (scheme, host and port), `patterns` by host name. `narrowing`
    holds the patterns of RECONCILER_ALLOWED_HOSTS, which bind all of it; None where it is not set.
    """

    urls: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    narrowing: tuple[str, ...] | None = None

    @classmethod
    def of(
        cls, *urls: str, patterns: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
    ) -> Hosts:
        """Collect the rules, narrowed by the environment."""
        said = (os.environ if environ is None else environ).get(NARROWING)
        narrowing = None if said is None else tuple(said.replace(",", " ").split())
        return cls(urls, patterns, narrowing)

    def refusal(self, url: str) -> str:
        """Say why no token may be sent to a URL; empty where it may."""
        try:
            origin = origin_of(url)
        except ValueError as err:
            return str(err)
        host = origin[1]
        if self.narrowing is not None and not _matches(host, self.narrowing):
            return f'no token may be sent to host "{host}": {NARROWING} does not list it'
        if origin in {origin_of(known) for known in self.urls} or _matches(host, self.patterns):
            return ""
        return f'no token may be sent to host "{host}": neither a target nor allowedHosts names it'


def _matches(host: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a host name matches one of the patterns; `*.acme.com` matches sub-domains only."""
    return any(fnmatch(host.casefold(), pattern.casefold()) for pattern in patterns)

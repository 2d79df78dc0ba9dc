"""Why there was no answer: name resolution, certificates, connections, in words people can act on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.transport.pace import ATTEMPTS

_NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
CA_HINT = "put the certificate of your CA into a file and set SSL_CERT_FILE to it; there is no switch to skip"
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})
_PLAIN_HINT = "check the url and its port; a control plane without https, on this machine, is http://"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Tell what went wrong below HTTP, and how often it makes sense to try in all."""

    said: str
    hint: str = ""
    tries: int = ATTEMPTS


_BY_NAME = {
    "ConnectError": Trouble('cannot connect to host "{host}"'),
    "ConnectTimeout": Trouble('cannot connect to host "{host}" in time'),
    "ProxyError": Trouble('the proxy does not connect to host "{host}"'),
    "UnsupportedProtocol": Trouble("the request cannot be sent", tries=1),
    "LocalProtocolError": Trouble("the request cannot be sent", tries=1),
    "InvalidURL": Trouble("the url cannot be used", tries=1),
    "TooLarge": Trouble("the answer is packed in a way that was not asked for", tries=1),
}
_BROKE = Trouble('the connection to host "{host}" broke off')


def trouble_of(error: BaseException, host: str) -> Trouble:
    """Find the cause of a connection error in its chain."""
    for cause in _chain(error):
        if found := _deep(cause, host):
            return found
    found = _BY_NAME.get(type(error).__name__, _BROKE)
    return replace(found, said=found.said.replace("{host}", host))


def _deep(cause: BaseException, host: str) -> Trouble | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        said = f'the certificate of host "{host}" is not trusted: {cause.verify_message}'
        return Trouble(said, CA_HINT, tries=1)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        if cause.reason in _NO_TLS:
            return Trouble(f'host "{host}" does not speak https', _PLAIN_HINT, tries=1)
        return Trouble(f'TLS with host "{host}" failed: {cause.reason or cause}', tries=1)
    if isinstance(cause, socket.gaierror):
        tries = 2 if cause.errno in _NO_NAME else ATTEMPTS
        return Trouble(f'host "{host}": name does not resolve', "check the url, and the network", tries)
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions

"""Framing: how the two ways of a session share one WebSocket.

The document says "binary frames" and no more. We offer the channels of Kubernetes' remotecommand protocols by
name; where the server does not take the offer, messages are bytes as they are.
Source: Interacting with workloads using the cluster API, 2.23; v4 and v5.channel.k8s.io, Kubernetes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from reconciler.console import Output, Size
from reconciler.transport.strict import read_json

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE = (bytes([number]) for number in range(5))
_CLOSE = b"\xff"
_OUTPUTS = {_STDOUT: False, _STDERR: True}
_TOLD = re.compile(r"\bexit (?:code|status) (\d+)\b")


@dataclass(frozen=True, slots=True)
class Ending:
    """Hold how a command ended: its exit status, or why it could not be run; both may be unknown."""

    status: int | None = None
    why_not: str = ""


class Plain:
    """Send and take bytes as they are. Standard error comes mixed in; only a close can tell a status."""

    def __init__(self, *, sizes_as_text: bool = False) -> None:
        self.takes_sizes, self.ends_surely = sizes_as_text, False

    def typed(self, data: bytes) -> bytes:
        """Write input."""
        return data

    def finished(self) -> bytes | None:
        """Write the end of input as a message of no bytes: some servers take it so, others for nothing."""
        return b""

    def sized(self, size: Size) -> bytes | str | None:
        """Write a size."""
        return _written(size) if self.takes_sizes else None

    def read(self, message: bytes) -> Output | Ending | None:
        """Read a message; None where it says nothing."""
        return Output(message) if message else None


class Channels:
    """Put the number of its channel before each message, as Kubernetes does; from v5 on a channel can end."""

    takes_sizes = True

    def __init__(self, protocol: str) -> None:
        self.ends_surely = protocol != "v4.channel.k8s.io"

    def typed(self, data: bytes) -> bytes:
        """Write input."""
        return _STDIN + data

    def finished(self) -> bytes | None:
        """Write the end of input, where the protocol knows one."""
        return _CLOSE + _STDIN if self.ends_surely else None

    def sized(self, size: Size) -> bytes | str | None:
        """Write a size."""
        return _RESIZE + _written(size).encode()

    def read(self, message: bytes) -> Output | Ending | None:
        """Read a message; None where it says nothing, or on a channel that we do not know."""
        channel, data = message[:1], message[1:]
        if channel == _STATUS:
            return _ending(data)
        return Output(data, _OUTPUTS[channel]) if data and channel in _OUTPUTS else None


Framing = Plain | Channels


def framing_of(protocol: str, *, sizes_as_text: bool) -> Framing:
    """Choose the framing by the protocol that was agreed on, "" for none."""
    return Channels(protocol) if protocol in PROTOCOLS else Plain(sizes_as_text=sizes_as_text)


def told_by(goodbye: str) -> int | None:
    """Find an exit status in the words of a close, such as "command terminated with exit code 7"."""
    found = _TOLD.search(goodbye)
    return _fitted(found[1]) if found else None


def _written(size: Size) -> str:
    return json.dumps({"Width": size.columns, "Height": size.rows})


def _ending(data: bytes) -> Ending:
    """Read the status that ends a command: Success, or the status or the reason of a failure."""
    try:
        value = read_json(data)
    except ValueError:
        return Ending()
    if not isinstance(value, dict):
        return Ending()
    if value.get("status") == "Success":
        return Ending(0)
    details = value.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, dict) and cause.get("reason") == "ExitCode":
            return Ending(_fitted(str(cause.get("message"))))
    said = value.get("message")
    return Ending(why_not=said if isinstance(said, str) and said else "it does not say why")


def _fitted(digits: str) -> int | None:
    """Read a status; what this machine cannot end with becomes 1."""
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits) <= 3 and int(digits) <= 255 else 1

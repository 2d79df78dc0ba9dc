"""Read and write the messages of exec, attach and port-forward.

The document says "binary frames" and no more, so that there is a switch: bytes as they are, or the
channels of Kubernetes' remotecommand protocol, whose first byte names the stream.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.emulator.runai.habits import Framing

STDIN, STDOUT, STDERR, STATUS, RESIZE = range(5)
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CLOSE = 255  # of v5: ends the channel that the next byte names


@dataclass(frozen=True, slots=True)
class Typed:
    """Bytes for standard input."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Resized:
    """The size of the client's terminal."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Ended:
    """There is no more standard input."""


Input = Typed | Resized | Ended


def subprotocol(framing: Framing, offered: Iterable[str]) -> str | None:
    """Choose the name of Kubernetes' protocol if the client offers one that is spoken."""
    spoken = _PROTOCOLS if framing == "channels" else ()
    return next((name for name in offered if name in spoken), None)


def read(framing: Framing, message: bytes | str) -> Iterator[Input]:
    """Read one message of the client; what has no meaning is ignored."""
    if framing == "channels":
        yield from _of_channel(message.encode() if isinstance(message, str) else message)
    elif isinstance(message, bytes):
        yield Typed(message)
    else:
        size = _size(message.encode()) if framing == "resizable" else None
        yield size or Typed(message.encode())


def write(framing: Framing, channel: int, data: bytes) -> bytes:
    """Write one message of output; without channels there is only one stream."""
    return bytes([channel]) + data if framing == "channels" else data


def status(code: int) -> bytes:
    """Say how a command ended, as the status channel does."""
    if code == 0:
        return json.dumps({"metadata": {}, "status": "Success"}).encode()
    body = {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
    return json.dumps(body).encode()


def _of_channel(message: bytes) -> Iterator[Input]:
    channel, data = message[:1], message[1:]
    if channel == bytes([STDIN]):
        yield Typed(data)
    elif channel == bytes([RESIZE]):
        size = _size(data)
        if size is not None:
            yield size
    elif channel == bytes([_CLOSE]) and data == bytes([STDIN]):
        yield Ended()


def _size(data: bytes) -> Resized | None:
    try:
        asked = json.loads(data)
        size = Resized(int(asked["Height"]), int(asked["Width"]))
    except (ValueError, TypeError, KeyError):
        return None
    return size if size.rows > 0 and size.columns > 0 else None

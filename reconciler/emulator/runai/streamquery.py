"""Read what exec, attach and port-forward are asked for, as strictly as the cluster does."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from reconciler.emulator.runai.framing import STDERR, STDOUT
from reconciler.emulator.runai.logquery import BadQuery, read_flag

_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of an exec or attach, and the container they belong to."""

    pod: str | None
    container: str | None
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False

    def takes(self, channel: int) -> bool:
        """Tell whether the client wants this output."""
        return {STDOUT: self.stdout, STDERR: self.stderr}.get(channel, True)


def read_streams(params: Mapping[str, str]) -> Streams:
    """Read the parameters that exec and attach share; unknown ones are ignored.  Raises BadQuery."""
    streams = Streams(
        pod=params.get("pod") or None,
        container=params.get("container") or None,
        stdin=read_flag(params, "stdin", default=False),
        stdout=read_flag(params, "stdout", default=True),
        stderr=read_flag(params, "stderr", default=True),
        tty=read_flag(params, "tty", default=False),
    )
    if not (streams.stdin or streams.stdout or streams.stderr):
        raise BadQuery("at least one of stdin, stdout and stderr must be true")
    return streams


def read_command(query: str | None, header: str | None) -> tuple[str, ...]:
    """Read the command: base64 of a JSON array of words, from the query or else the header.

    Raises BadQuery.
    """
    said = query or header
    if not said:
        raise BadQuery("command is missing: give it as a query parameter or as the header Command")
    try:
        argv = json.loads(base64.b64decode(said, validate=True))
    except (ValueError, binascii.Error) as wrong:
        raise BadQuery(f"command is not base64 of a JSON array: {wrong}") from wrong
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        raise BadQuery("command is not an array of at least one word")
    if not argv[0]:
        raise BadQuery("the first word of the command is empty")
    return tuple(argv)


def read_ports(params: QueryParams) -> tuple[int, ...]:
    """Read the ports of a forward, in order and each once; lists with commas are refused.

    Raises BadQuery.
    """
    said = params.getlist("port")
    if not said:
        raise BadQuery("missing required query parameter port")
    for text in said:
        if not (text.isascii() and text.isdigit() and int(text) in _PORTS):
            raise BadQuery(f"invalid query parameter port={text!r}: not a whole number from 1 to 65535")
    return tuple(dict.fromkeys(int(text) for text in said))

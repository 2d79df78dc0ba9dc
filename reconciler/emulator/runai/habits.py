"""The questions that the document of the cluster API leaves open, as switches."""

from dataclasses import dataclass
from typing import Literal

Framing = Literal["raw", "resizable", "channels"]


@dataclass(frozen=True, slots=True)
class Habits:
    """What the documents leave open, and how this cluster does it.

    `waiting_status` answers for a container that has not started. With `follow_replays` off a
    followed log begins with what is printed from then on, unless it asks for earlier lines; with
    `since_replays` off, even then. With `picks_container` off one of
    several containers must be named.

    `idle_s` closes a stream over which no message went for so many emulated seconds, with
    `idle_code`, which is not documented; pings are no messages. `max_s` closes any stream that is
    so old, as a proxy in between may.

    `framing` of exec, attach and port-forward. `raw`: messages are bytes, standard error comes
    mixed in, and nothing carries a resize. `resizable`: the same, but a text message that is
    `{"Width": 80, "Height": 24}` is a resize. `channels`: the first byte of a message names its
    channel, as Kubernetes' remotecommand and port-forward protocols have it.

    `message_enabled` and `message_resize_enabled` are the features that the cluster's status tells,
    which may or may not have to do with it. `empty_ends_stdin`: without channels a message of no
    bytes is the end of standard input, which else has none but the end of the session.
    `tells_exit`: the reason of the close says which status a command ended with; the framing
    `channels` says so in any case.

    `stdio_taken` are the containers that refuse an attach (503): those that train, all, or none;
    unless none, a second one that wants standard input is refused, too.
    `many_ports`: without channels a forward of several ports serves the first, or is refused
    (400). `closed_port`: a port on which nobody listens ends the accepted stream (1011), or
    refuses the handshake (503). `observers_exec`: who may only read may start processes, too.
    """

    waiting_status: int = 404
    follow_replays: bool = True
    since_replays: bool = True
    picks_container: bool = True
    idle_s: float | None = 300.0
    idle_code: int = 1001
    max_s: float | None = None
    framing: Framing = "raw"
    message_enabled: bool = True
    message_resize_enabled: bool = True
    empty_ends_stdin: bool = False
    tells_exit: bool = False
    stdio_taken: Literal["training", "always", "never"] = "training"
    many_ports: Literal["first", "refused"] = "first"
    closed_port: Literal["close", "handshake"] = "close"
    observers_exec: bool = False

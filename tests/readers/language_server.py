"""A client for yaml-language-server: the protocol that editors speak, over stdio, without an editor."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.readers.node import LIBRARIES, node

SERVER = LIBRARIES / "yaml-language-server" / "bin" / "yaml-language-server"
PATIENCE_S = 60.0
OFFLINE: Mapping[str, Any] = {
    "schemaStore": {"enable": False},
    "kubernetesCRDStore": {"enable": False},
    "validate": True,
    "hover": True,
    "completion": True,
}
"""Settings under which the server asks nobody on the network for schemas."""

Message = dict[str, Any]


@dataclass
class Editor:
    """Stand in for an editor that has one folder open, under the settings of that folder.

    A file is opened once: what the server says of a file that was closed and opened again comes in no
    order that a test could rely on.
    """

    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        words = [node(), str(SERVER), "--stdio"]
        self._server = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._said: queue.Queue[Message | None] = queue.Queue()
        self._found: dict[str, list[Message]] = {}
        self._opened: set[str] = set()
        self._last = 0
        threading.Thread(target=self._listen, args=(self._server.stdout,), daemon=True).start()
        self._ask("initialize", self._introduction())
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": {}})
        while self._turn().get("method") != "workspace/configuration":
            pass
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.kill()
        self._server.communicate()

    def complete(self, name: str, text: str) -> dict[str, Message]:
        """Give what is offered at the `|` in a text, by label."""
        found = self._ask("textDocument/completion", self._at_mark(name, text))
        return {item["label"]: item for item in found["items"]}

    def hover(self, name: str, text: str) -> str:
        """Give what is shown at the `|` in a text."""
        found = self._ask("textDocument/hover", self._at_mark(name, text))
        return str(found["contents"]["value"]) if found else ""

    def diagnose(self, files: Mapping[str, str]) -> dict[str, list[Message]]:
        """Give the faults that are underlined in texts, by the names they are opened under."""
        opened = {name: self._open(name, text) for name, text in files.items()}
        while not self._found.keys() >= {*opened.values()}:
            self._turn()
        return {name: self._found[uri] for name, uri in opened.items()}

    def _open(self, name: str, text: str) -> str:
        """Open a file as holding this text, whatever is on disk; give its address."""
        uri = (self.folder / name).as_uri()
        assert uri not in self._opened, f"{name} has been open before"
        self._opened.add(uri)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _at_mark(self, name: str, text: str) -> Message:
        before, mark, after = text.partition("|")
        assert mark, "the text has no |"
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return {"textDocument": {"uri": self._open(name, before + after)}, "position": place}

    def _introduction(self) -> Message:
        markdown = {"contentFormat": ["markdown"]}
        completion = {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}}
        return {
            "processId": None,
            "rootUri": self.folder.as_uri(),
            "workspaceFolders": [{"uri": self.folder.as_uri(), "name": self.folder.name}],
            "capabilities": {
                "textDocument": {"hover": markdown, "completion": completion, "publishDiagnostics": {}},
                "workspace": {"configuration": True, "workspaceFolders": True},
            },
        }

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._turn()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _turn(self) -> Message:
        """Take in one message, and answer it where the server asked something."""
        message = self._said.get(timeout=PATIENCE_S)
        assert message is not None, "the language server ended"
        method = message.get("method", "")
        if method == "textDocument/publishDiagnostics":
            self._found[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and method:
            self._send({"id": message["id"], "result": self._answer(method, message.get("params"))})
        return message

    def _answer(self, method: str, params: Any) -> Any:
        if method != "workspace/configuration":
            return None
        return [self._section(item["section"]) for item in params["items"]]

    def _section(self, name: str) -> Message:
        """Give one section of the settings, as an editor does: the dot in a name is a level."""
        stated = {
            key.removeprefix(f"{name}."): value
            for key, value in self.settings.items()
            if key.startswith(f"{name}.")
        }
        return {**OFFLINE, **stated} if name == "yaml" else stated

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._server.stdin.flush()

    def _listen(self, stream: IO[bytes]) -> None:
        while (head := stream.readline()).startswith(b"Content-Length:"):
            while stream.readline().strip():
                pass
            self._said.put(json.loads(stream.read(int(head.partition(b":")[2]))))
        self._said.put(None)

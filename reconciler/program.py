"""Programs: what a container starts, read from the two texts of its manifest.

A platform splits `command` and `args` into words as a shell would, and starts the first; no shell runs
unless it is named. Nothing here is certain: an image may bring an entry point that does more.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.resource import Json

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_READS_SCRIPT = re.compile(r"-[a-z]*c")
_OPERATORS = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>"})
_BUILTINS = frozenset({"cd", "source", ".", "export", "set", "unset", "ulimit", "alias", "eval"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_ENDS_STATEMENT = re.compile(r"&&|\|\||;|\n")
_SHELL_VARIABLE = re.compile(r"(?<![\\$])\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)")
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^']*'")
_A_DAY = 86_400
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_SLEEP = re.compile(r"([0-9]+)(?:\.[0-9]*)?([smhd]?)")
_LOOP = re.compile(r"\bwhile\s+(?:true|:|\[+\s*1\s*\]+)\s*;?\s*do\s+(sleep\s+\S+|:)\s*;?\s*done\s*$")
_BEFORE_PROGRAM = 3
"""A program stands first in its statement, or behind what starts it: `uv run torchrun`."""


@dataclass(frozen=True, slots=True)
class Program:
    """Hold the words a container starts with; `script` is what a shell among them was given to run.

    `shell_only` are words that mean something to a shell alone, and `variables` those it would fill in;
    both are empty where a shell reads them. `unread` follow a script, which is one word.
    """

    words: tuple[str, ...] = ()
    script: str | None = None
    shell_only: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def statements(self) -> list[tuple[str, ...]]:
        """Give the words of every statement in order: those of the script, or all there are."""
        if self.script is None:
            return [self.words] if self.words else []
        texts = _ENDS_STATEMENT.split(self.script)
        return [words for text in texts if (words := _words(text.strip(" \t&")))]

    @property
    def names(self) -> frozenset[str]:
        """Give what may be a program here, without folders; what is merely installed is none."""
        return frozenset(
            word.rpartition("/")[2]
            for words in self.statements
            if "install" not in words
            for word in words[:_BEFORE_PROGRAM]
        )

    @property
    def idles(self) -> str:
        """Give the words in which it ends if it does no work for a day or more; "" for one that works."""
        if self.script is not None and (loop := _LOOP.search(self.script.rstrip())):
            return loop[0]
        last = self.statements[-1:] or [()]
        return next((" ".join(words) for n in (3, 2) if _is_idle(words := last[0][-n:])), "")

    def number(self, *options: str) -> int | None:
        """Give the whole number behind one of these options, `--n 4` or `--n=4`; None where none is."""
        found = [text for text in self._values(options) if text.isdecimal()]
        return int(found[-1]) if found else None

    def _values(self, options: tuple[str, ...]) -> Iterator[str]:
        for words in self.statements:
            for word, following in zip(words, (*words[1:], ""), strict=True):
                name, sign, value = word.partition("=")
                if name.replace("_", "-") in options:
                    yield value if sign else following


def script_of(text: Json) -> Program:
    """Read a text that a shell runs, line by line; comments and what is continued are left as they are."""
    return Program(script=text) if isinstance(text, str) else Program()


def program_of(command: Json, args: Json) -> Program:
    """Read what a container starts: two texts, or two lists of words as Kubernetes has them.

    Without a command the image brings its own.
    """
    if isinstance(command, list) or isinstance(args, list):
        return _of_lists(command, args)
    whole = " ".join(text for text in (command, args) if isinstance(text, str))
    words = _words(whole)
    at = _script_at(words)
    if at is not None:
        return Program(words, words[at], unread=words[at + 1 :])
    is_open = "${{" in whole
    variables = [] if is_open else _SHELL_VARIABLE.findall(_SINGLE_QUOTED.sub("", whole))
    return Program(words, None, tuple(_shell_only(whole)), tuple(variables))


def _is_idle(words: tuple[str, ...]) -> bool:
    name = words[0].rpartition("/")[2] if words else ""
    if name == "tail":
        return (
            len(words) == 3 and words[1].startswith("-") and "f" in words[1].lower() and "/dev/null" in words
        )
    if name != "sleep" or len(words) != 2:
        return False
    span = _SLEEP.fullmatch(words[1])
    return words[1] in ("infinity", "inf") or bool(span and int(span[1]) * _SECONDS[span[2]] >= _A_DAY)


def _of_lists(command: Json, args: Json) -> Program:
    """Read lists, whose words are split already."""
    lists = [part for part in (command, args) if isinstance(part, list)]
    words = tuple(str(word) for part in lists for word in part)
    at = _script_at(words)
    return Program(words, None if at is None else words[at])


def _script_at(words: tuple[str, ...]) -> int | None:
    """Find the word that a shell among these takes as its script."""
    for index, word in enumerate(words):
        if word.rpartition("/")[2] in _SHELLS:
            for later in range(index + 1, len(words) - 1):
                if _READS_SCRIPT.fullmatch(words[later]):
                    return later + 1
                if not words[later].startswith("-"):
                    break
    return None


def _words(text: str) -> tuple[str, ...]:
    """Split as a shell does; at white space alone where a quote is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _shell_only(text: str) -> Iterator[str]:
    """Find words that only a shell understands; quoted ones are ordinary."""
    words = _QUOTED.sub("q", text).split()
    first = words[0] if words else ""
    if first in _BUILTINS or _ASSIGNMENT.fullmatch(first):
        yield first.partition("=")[0] + ("=" if "=" in first else "")
    for word in words:
        if word in _OPERATORS or word.endswith(";"):
            yield word if word in _OPERATORS else ";"

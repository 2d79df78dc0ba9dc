"""Read command lines as a shell does: words, quotes, variables, and `;`, `&&`, `||` between commands.

Nothing of the machine underneath is ever touched: a command is a function of `programs`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\?")
_BETWEEN = (";", "&&", "||", "\n")
_BEYOND = ("|", "&", ">", "<", "(", ")", "`", "$(", "${")


class ShellSyntax(ValueError):
    """A line asks for what this shell does not have, or is not complete."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what stands before it: `;`, `&&` or `||`."""

    after: str
    argv: tuple[str, ...]


def commands(line: str, variables: Mapping[str, str]) -> Iterator[Command]:
    """Read the commands of a line, one by one, so that a variable is read when its turn comes.

    Raises ShellSyntax.
    """
    after, argv = ";", list[str]()
    for word, is_operator in _words(line, variables):
        if not is_operator:
            argv.append(word)
            continue
        if argv:
            yield Command(after, tuple(argv))
        elif word != "\n":
            raise ShellSyntax(f"syntax error near unexpected token `{word}'")
        after, argv = (";" if word == "\n" else word), []
    if argv:
        yield Command(after, tuple(argv))


def _words(line: str, variables: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    word: str | None = None
    at = 0
    while at < len(line):
        operator = next((each for each in (*_BETWEEN, *_BEYOND) if line.startswith(each, at)), None)
        char = line[at]
        if operator in _BEYOND:
            raise ShellSyntax(f"`{operator}' is not supported by the emulated shell")
        if operator or char in " \t" or (char == "#" and word is None):
            if word is not None:
                yield word, False
            word = None
            if operator:
                yield operator, True
            at = len(line) if char == "#" else at + len(operator or char)
            continue
        piece, at = _piece(line, at, variables)
        word = (word or "") + piece
    if word is not None:
        yield word, False


def _piece(line: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    """Read one character, quotation or variable, and tell where the rest begins."""
    char = line[at]
    if char == "'":
        end = _closing(line, at, "'")
        return line[at + 1 : end], end + 1
    if char == '"':
        return _quoted(line, at, variables)
    if char == "\\":
        return line[at + 1 : at + 2], at + 2
    return _variable(line, at, variables) if char == "$" else (char, at + 1)


def _quoted(line: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    said, at = "", at + 1
    while at < len(line) and line[at] != '"':
        if line[at] == "\\" and line[at + 1 : at + 2] in {'"', "\\", "$"}:
            said, at = said + line[at + 1], at + 2
        elif line[at] == "$":
            value, at = _variable(line, at, variables)
            said += value
        else:
            said, at = said + line[at], at + 1
    if at >= len(line):
        raise ShellSyntax("unexpected EOF while looking for matching `\"'")
    return said, at + 1


def _variable(line: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    found = _NAME.match(line, at + 1)
    return (variables.get(found.group(), ""), found.end()) if found else ("$", at + 1)


def _closing(line: str, at: int, quote: str) -> int:
    end = line.find(quote, at + 1)
    if end < 0:
        raise ShellSyntax(f"unexpected EOF while looking for matching `{quote}'")
    return end

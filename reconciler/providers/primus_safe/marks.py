"""Write our mark behind a description, and read it there.

    nightly run [reconciler 1 7f3a9c04d2b81e66 train-mi300/PyTorchJob/llama 1:0a1b2c3d4e5f \
    9bac3ac1:20261101T000000Z DN r2]

The parts: version, fleet id, key (workspace / kind / name), digest cut to 12 digits, commit cut to 8 with its
time, what onRemove and protect say in a letter each, and the runId. Marks of before have no time.
Descriptions are searched with `+ % _` as signs of their own, so none of them stands in a mark: what is no
letter, digit, `.`, `-` or `:` is written `~` and two hex digits of its UTF-8. This stands on running jobs and
can never be mended there: readers refuse versions they do not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.mark import Mark

VERSION = "1"
ROOM = 2000
"""So many bytes of description are stored and found everywhere."""

_DIGITS, _COMMIT = 12, 8
_NOTHING = "-"
_LETTERS = {"Delete": "D", "Stop": "S", "Keep": "K"}
_POLICIES = {letter: word for word, letter in _LETTERS.items()}
_PART = r"[A-Za-z0-9.~:/-]+"
_MARK = re.compile(rf" ?\[reconciler (?P<version>[0-9]+) (?P<rest>{_PART}(?: {_PART})*)\]")
_PLAIN = re.compile(r"[A-Za-z0-9.:-]")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Described:
    """Hold a description without our mark, and the mark."""

    text: str
    mark: Mark | None = None


def described(text: str, mark: Mark) -> str:
    """Write a mark behind a description, in place of an older one."""
    plain = read(text).text
    return f"{plain} {_written(mark)}" if plain else _written(mark)


def room_for(mark: Mark) -> int:
    """Count the bytes that a description may have beside this mark."""
    return ROOM - len(_written(mark)) - 1


def read(description: str) -> Described:
    """Take the last mark out of a description, wherever people wrote on; an unknown version is none."""
    found = [*_MARK.finditer(description)]
    if not found:
        return Described(description)
    last = found[-1]
    text = (description[: last.start()] + description[last.end() :]).strip()
    is_known = last["version"] == VERSION
    return Described(text, _mark(last["rest"].split(" ")) if is_known else None)


def _written(mark: Mark) -> str:
    canon, _, digits = mark.digest.partition(":")
    policy = _LETTERS.get(mark.on_remove, "K") + ("P" if mark.protect else "N")
    key = "/".join(_escaped(part) for part in mark.key.split("/"))
    parts = (
        VERSION,
        _escaped(mark.fleet_id),
        key,
        f"{canon}:{digits[:_DIGITS]}",
        _committed(mark) or _NOTHING,
        policy,
        "~2d" if mark.run_id == _NOTHING else _escaped(mark.run_id) or _NOTHING,
    )
    return f"[reconciler {' '.join(parts)}]"


def _mark(parts: list[str]) -> Mark | None:
    """Read a mark's parts; None for anything that is not a whole mark."""
    if len(parts) != 6:
        return None
    fleet_id, key, digest, committed, policy, run_id = parts
    on_remove, protect = _POLICIES.get(policy[:1]), {"N": False, "P": True}.get(policy[1:])
    commit, is_dated, time = ("" if committed == _NOTHING else committed).partition(":")
    values = [_plain(part) for part in (fleet_id, key, commit, run_id)]
    if on_remove is None or protect is None or None in values or not re.fullmatch(r"\d+:[0-9a-f]+", digest):
        return None
    if is_dated and not _TIME.fullmatch(time):
        return None
    fleet_id, key, commit, run_id = (value or "" for value in values)
    mark = Mark(fleet_id, "", key, digest, on_remove=on_remove, protect=protect)
    return replace(
        mark,
        commit=commit,
        commit_time=_TIME.sub(r"\1-\2-\3T\4:\5:\6Z", time),
        run_id="" if parts[5] == _NOTHING else run_id,
    )


def _committed(mark: Mark) -> str:
    """Write the commit with its time; a time alone, or one that is none, is left out."""
    commit = _escaped(mark.commit[:_COMMIT])
    time = mark.commit_time.replace("-", "").replace(":", "")
    return f"{commit}:{time}" if commit and _TIME.fullmatch(time) else commit


def _escaped(text: str) -> str:
    return "".join(
        letter
        if _PLAIN.fullmatch(letter) and letter.isascii()
        else "".join(f"~{byte:02x}" for byte in letter.encode())
        for letter in text
    )


def _plain(text: str) -> str | None:
    """Undo the escapes; None where they are broken."""
    pieces = re.split(r"((?:~[0-9a-f]{2})+)", text)
    try:
        whole = "".join(
            bytes.fromhex(piece.replace("~", "")).decode() if piece.startswith("~") else piece
            for piece in pieces
        )
    except ValueError:
        return None
    return None if "~" in re.sub(r"(?:~[0-9a-f]{2})+", "", text) else whole

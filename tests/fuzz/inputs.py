"""Inputs: nasty texts, and real manifests that something happened to. The same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

MIB = 1 << 20
EXAMPLES = tuple(
    path.read_bytes() for path in sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
)
BROKEN = tuple(
    path.read_bytes() for path in sorted((Path(__file__).parents[1] / "golden" / "broken").glob("*.yaml"))
)

NASTY: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\xef\xbb\xbfa: 1",
    b"\xff\xfea\x00",
    b"\xfe\xff\x00a",
    "a: 1".encode("utf-32"),
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b'a: "\\ud800"',
    b'a: "\\x00"',
    b"a: \x85b",
    "a: \u2028b".encode(),
    b"[" * MIB,
    b"- " * (MIB // 2),
    b"{a: " * (MIB // 4),
    b"&a " * (MIB // 3),
    b"? " * 9999,
    b"a" * MIB,
    b"'" + b"x" * MIB,
    b'"' + b"\\" * MIB,
    b"a: |" + b"9" * 400 + b"\n x",
    b"|2-\n\n\n  x\n x",
    b"%YAML 9.9\n---\na",
    b"%TAG ! tag:x,1:\n--- !a b",
    b"? [a, b]\n: c",
    b"? {a: 1}\n: c",
    b"a: 1\na: 2",
    b"<<: [*a, *b]",
    b"*a : 1",
    b"&a [*a]",
    b"a: &a {<<: *a}",
    b"a:\tb",
    b"\ta: b",
    b"a: b\n\tc: d",
    b"--- a\n... b\n--- c",
    b"...\n...\n",
    b"a: " + b"9" * 10_000,
    b"a: 1e" + b"9" * 999,
    b"a: 0x" + b"f" * 9_999,
    b"a: .inf",
    b"a: 12345e678",
    b"---\n" * 20_000,
    b"# x\n" * 200_000,
    b"a: b\r\nc: d\r\n",
    b"a: !!python/object:os.system x",
    b"- - - - a: b",
    b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n",
    b"{{ template }}: 1",
    b"a: {{ b }}",
    b"a: @b",
    b"a: `b`",
    b"a: &" + b"n" * MIB,
    b"k" * 70_000 + b": 1",
    b"".join(b"k%d: 1\n" % n for n in range(90_000)),
    b"a: &a [1,1,1,1,1,1,1,1,1]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 110)),
    b"a: &a {x: 1}\n"
    + b"".join(b"%c: &%c {<<: [%s]}\n" % (n + 1, n + 1, b",".join([b"*%c" % n] * 9)) for n in range(97, 110)),
)

_SCRAPS = (
    b":",
    b": ",
    b"- ",
    b"\n",
    b"\n  ",
    b"\t",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"|",
    b">",
    b"'",
    b'"',
    b"#",
    b"---\n",
    b"...\n",
    b"!!str ",
    b"? ",
    b"<<: ",
    b"%",
    b"\x00",
    b"\xff",
    b"\r",
    b"null",
    b"~",
    b"true",
    b"1e999",
    b"${{ secrets.X }}",
    b"${{",
    b"name: ",
    b"spec: ",
    b"\xe2\x80\xae",
    b"-1",
    b"0.5",
    b"99999999999999999999",
)


def inputs(seed: int) -> Iterator[bytes]:
    """Give every nasty text, then changed ones without end."""
    yield from NASTY
    yield from EXAMPLES
    yield from BROKEN
    chance = Random(seed)
    stock = [text for text in (*NASTY, *EXAMPLES * 3, *BROKEN) if len(text) < 20_000]
    while True:
        text = chance.choice(stock)
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            text = chance.choice(CHANGES)(text, chance, stock)
        yield text[:MIB]


def _flip(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]


def _cut(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    return text[: chance.randrange(len(text) + 1)]


def _drop(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(1, 20) :]


def _insert(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_SCRAPS) * chance.choice((1, 1, 1, 2, 40)) + text[at:]


def _splice(text: bytes, chance: Random, stock: Sequence[bytes]) -> bytes:
    other = chance.choice(stock)
    return text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]


def _line(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    """Take a line out, double it, move it or indent it otherwise."""
    lines = text.split(b"\n")
    at = chance.randrange(len(lines))
    moved = lines[at]
    doing = chance.randrange(4)
    if doing == 0:
        del lines[at]
    elif doing == 1:
        lines.insert(at, moved)
    elif doing == 2:
        lines.insert(chance.randrange(len(lines)), lines.pop(at))
    else:
        lines[at] = b" " * chance.randrange(9) + moved.lstrip()
    return b"\n".join(lines)


def _value(text: bytes, chance: Random, _: Sequence[bytes]) -> bytes:
    """Give a field another value: null, another type, another sign."""
    lines = text.split(b"\n")
    at = chance.randrange(len(lines))
    name, colon, _rest = lines[at].partition(b": ")
    values = (
        b"null",
        b"[]",
        b"{}",
        b"true",
        b"-1",
        b"0",
        b"1.5",
        b"x",
        b"[1, x]",
        b"{a: 1}",
        b"9" * 30,
        b"''",
    )
    lines[at] = name + colon + (chance.choice(values) if colon else b"")
    return b"\n".join(lines)


Change = Callable[[bytes, Random, Sequence[bytes]], bytes]
CHANGES: tuple[Change, ...] = (_flip, _cut, _drop, _insert, _insert, _splice, _line, _line, _value, _value)

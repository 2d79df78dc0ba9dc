"""Secrets: never seen, and scrubbed in every spelling."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import time
import urllib.parse

import pytest

from reconciler.secret import SENSITIVE, Scrubber, Secret, referenced, revealed, secrets_in

VALUE = 'pa55/w+rd="x"&y'


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("secret:T", VALUE)

    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        "{}".format(secret),  # noqa: UP032
        repr([secret]),
        repr({"a": secret}),
    ]

    assert not any(VALUE in text for text in shown)


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("secret:T", VALUE))


def test_a_secret_without_a_value_says_so() -> None:
    assert not Secret("secret:T").is_known
    with pytest.raises(KeyError):
        Secret("secret:T").reveal()


def test_trees_are_opened_or_named() -> None:
    tree = {"env": [{"value": Secret("secret:T", VALUE)}, 1, None]}

    assert revealed(tree) == {"env": [{"value": VALUE}, 1, None]}
    assert referenced(tree) == {"env": [{"value": "secret:T"}, 1, None]}
    assert [s.reference for s in secrets_in(tree)] == ["secret:T"]


@pytest.mark.parametrize("shift", [0, 1, 2, 3, 4, 5])
def test_base64_is_scrubbed_at_every_alignment(shift: int) -> None:
    text = base64.b64encode(b"x" * shift + VALUE.encode() + b"tail" * shift).decode()

    assert Scrubber([VALUE]).finds(text)


@pytest.mark.parametrize(
    "spelled", [VALUE, json.dumps(VALUE), urllib.parse.quote(VALUE), VALUE.encode().hex()]
)
def test_every_spelling_is_scrubbed(spelled: str) -> None:
    scrubber = Scrubber([VALUE])

    assert VALUE not in scrubber.scrub(f"a {spelled} b")
    assert SENSITIVE in scrubber.scrub(f"a {spelled} b")


@pytest.mark.parametrize("quote", ["&#39;", "&#x27;", "'"])
def test_a_value_with_signs_of_markup_is_scrubbed_from_xml_and_html(quote: str) -> None:
    shown = "p&amp;ss&lt;w&quot;o'rd&gt;123".replace("'", quote)

    assert Scrubber(["p&ss<w\"o'rd>123"]).scrub(f"<a>{shown}</a>") == f"<a>{SENSITIVE}</a>"


LONG = "".join(f"{n * 7919 % 9973:x}" for n in range(100))
PEM = "-----BEGIN KEY-----\nMIIEvAIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("one|two|three", "| `one\\|two\\|three` |"),
        ("pass phrase of four", "failed: pass phrase\n        of four, again"),
        ("tab\tand more", "tab\\tand more"),
        (PEM, PEM.replace("\n", " ")),
        (PEM, "line 2: hkiG9w0BAQEFAASC"),
        (LONG, f"{LONG[:68]}... 270 more ...{LONG[-68:]}"),
        (LONG, "\n".join(LONG[n : n + 40] for n in range(0, len(LONG), 40))),
        (LONG, f"x{LONG[101:124]}y"),
    ],
    ids=["a table", "wrapped", "spelled", "one line", "one of its lines", "cut", "wrapped hard", "a piece"],
)
def test_what_reports_make_of_a_value_is_scrubbed(value: str, text: str) -> None:
    scrubber, other = Scrubber(), Scrubber([value])
    scrubber.absorb(other)

    said = scrubber.scrub(text)

    assert scrubber.finds(text)
    assert SENSITIVE in said
    assert not scrubber.finds(said)
    shown = [said[n : n + 12] for n in range(len(said) - 11)]
    assert [piece for piece in shown if piece in value and "KEY--" not in piece] == []


@pytest.mark.parametrize(
    "text",
    ["a short piece: " + LONG[:22], "nothing at all", "-" * 50, " " * 50, "line\n" * 20, "k: v"],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    scrubber = Scrubber([LONG, PEM, "-" * 60, "deep:\n" + " " * 60 + "k: v\nline\n"])

    assert scrubber.scrub(text) == text


def test_a_long_text_is_searched_for_a_long_value_soon() -> None:
    scrubber, text = Scrubber([LONG * 10]), json.dumps({str(n): "workload" * 9 for n in range(40_000)})
    begun = time.monotonic()

    assert scrubber.scrub(text) == text
    assert time.monotonic() - begun < 2


def test_short_values_are_left_alone() -> None:
    assert Scrubber(["abc"]).scrub("abc") == "abc"


def test_a_secret_can_be_copied_within_the_process() -> None:
    assert copy.copy(Secret("secret:T", VALUE)).reveal() == VALUE

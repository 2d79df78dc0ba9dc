"""Secrets: never seen, and scrubbed in every spelling."""

from __future__ import annotations

import base64
import copy
import json
import pickle
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


def test_short_values_are_left_alone() -> None:
    assert Scrubber(["abc"]).scrub("abc") == "abc"


def test_a_secret_can_be_copied_within_the_process() -> None:
    assert copy.copy(Secret("secret:T", VALUE)).reveal() == VALUE

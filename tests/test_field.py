"""What a schema says of a field, in people's words."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.field import Field, flow, plain, root_field
from reconciler.providers import kinds
from reconciler.stored import kind_schema, stored_fleet_schema

POD = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "size": {"type": ["integer", "null"], "minimum": 1}},
    "description": "A pod.",
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["pods"],
    "properties": {
        "pods": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Pod"}, "minItems": 1},
        "one": {"anyOf": [{"$ref": "#/$defs/Pod"}, {"type": "null"}], "description": "Just one."},
        "wrapped": {"type": "object", "allOf": [{"$ref": "#/$defs/Pod"}], "description": "Wrapped."},
        "labels": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
        "share": {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "number", "maximum": 9}]},
        "word": {"enum": ["a", "b", None], "enumDescriptions": ["First.", "Second."]},
        "free": {"type": "object"},
    },
    "additionalProperties": False,
    "$defs": {"Pod": POD},
}


def field(*names: str) -> Field:
    found: Field | None = root_field(SCHEMA)
    for name in names:
        assert found
        found = found.child(name)
    assert found
    return found


@pytest.mark.parametrize(
    ("names", "takes"),
    [
        (("pods",), "list of mappings, at least 1 item"),
        (("pods", "size"), "whole number, at least 1"),
        (("one",), "mapping"),
        (("labels",), "map of texts"),
        (("labels", "team"), "text"),
        (("share",), "number, at most 9"),
        (("word",), "one of a, b"),
    ],
)
def test_what_a_field_takes(names: tuple[str, ...], takes: str) -> None:
    assert field(*names).takes == takes


@pytest.mark.parametrize("item", ["0", "[0]", "*", "name=HF_TOKEN"])
def test_an_item_of_a_list_may_be_named_or_left_out(item: str) -> None:
    assert field("pods", item, "name").path == field("pods", "name").path == ("pods", "*", "name")


@pytest.mark.parametrize("name", ["one", "wrapped"])
def test_a_reference_gives_its_fields_and_keeps_its_own_words(name: str) -> None:
    assert [below.name for below in field(name).fields] == ["name", "size"]
    assert field(name).description != POD["description"]


def test_null_is_no_value_worth_telling() -> None:
    assert field("word").allowed == ("a", "b")
    assert field("word").meanings == {"a": "First.", "b": "Second."}


def test_a_list_has_no_child_of_any_name() -> None:
    assert root_field(SCHEMA).child("pods") is not None
    assert field("pods").child("nonsense") is None
    assert field("word").child("nonsense") is None


def test_only_what_the_schema_leaves_open_is_open() -> None:
    assert field("free").is_open
    assert not root_field(SCHEMA).is_open
    assert not field("labels").is_open


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"gpuDevicesRequest": 2}, "{gpuDevicesRequest: 2}"),
        ([{"name": "SEED", "value": "7"}], '[{name: SEED, value: "7"}]'),
        ("python train.py", "python train.py"),
        ("no", '"no"'),
        ("1.10", '"1.10"'),
        ("a: b", '"a: b"'),
        ("a # b", '"a # b"'),
        ("", '""'),
        (None, "null"),
        (True, "true"),
        ("ünïcode", '"ünïcode"'),
    ],
)
def test_a_value_is_written_as_a_manifest_would(value: Any, text: str) -> None:
    from reconciler.yaml import parse

    assert flow(value) == text
    assert parse(f"a: {text}\n", "m").documents[0].value == {"a": value}


def test_a_word_is_compared_without_case_and_separators() -> None:
    assert plain("gpu-Devices_Request.x y") == "gpudevicesrequestxy"


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_field_of_every_kind_says_what_it_takes(kind: Any) -> None:
    every = list(_below(root_field(kind_schema(kind))))

    assert len(every) > 20
    assert not [field.path for field in every if not field.takes or not field.description]


def test_the_fields_of_a_target_are_those_of_its_provider() -> None:
    target = root_field(stored_fleet_schema()).child("targets")

    assert target
    assert {"provider", "url", "auth"} <= {field.name for field in target.fields}


def _below(parent: Field) -> Any:
    for inner in parent.fields:
        yield inner
        yield from _below(inner)

"""The canonical form: what means the same is spelled the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mark import digest_of
from reconciler.pointer import item_key
from reconciler.providers.runai.kinds.canonical import (
    QUANTITIES,
    canonical,
    is_keyed,
    plain,
)
from reconciler.secret import Secret, referenced

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = ("name", "container", "exclude", "size", "values", "cpuCoreRequest", "storage", "a=b")
names = st.sampled_from(WORDS)
keys = names | st.text(max_size=4)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)
specs = st.dictionaries(keys, trees, max_size=4)
variables = st.lists(
    st.fixed_dictionaries({"name": st.text(min_size=1, max_size=6), "value": st.text(max_size=6)}),
    unique_by=lambda item: item["name"],
    max_size=6,
)


@given(variables, st.randoms())
def test_the_order_of_a_keyed_list_says_nothing(items: list[Any], random: Any) -> None:
    shuffled = random.sample(items, len(items))

    assert canonical({"environmentVariables": items}) == canonical({"environmentVariables": shuffled})


@given(st.permutations([{"key": "gpu", "effect": effect} for effect in ("Any", "NoExecute", "NoSchedule")]))
def test_the_order_of_items_that_share_a_key_says_nothing(items: list[Any]) -> None:
    spelled = canonical({"tolerations": items})["tolerations"]

    assert list(spelled) == ["key=gpu", "key=gpu#2", "key=gpu#3"]
    assert [item["effect"] for item in spelled.values()] == ["Any", "NoExecute", "NoSchedule"]


def test_a_keyed_list_keeps_its_order_for_bodies() -> None:
    items = [{"name": "B", "value": "1"}, {"name": "A", "value": "$(B)"}]

    assert plain(canonical({"environmentVariables": items})) == {"environmentVariables": items}


@given(specs, names)
def test_null_and_absent_are_the_same(spec: dict[str, Any], name: str) -> None:
    without = {key: value for key, value in spec.items() if key != name}

    assert repr(canonical({**without, name: None})) == repr(canonical(without))


@given(specs)
def test_canonical_is_its_own_canonical_form_and_never_raises(spec: dict[str, Any]) -> None:
    once = canonical(plain(canonical(spec)))

    assert repr(canonical(plain(once))) == repr(once)


@given(specs)
def test_a_canonical_spec_has_a_digest(spec: dict[str, Any]) -> None:
    assert digest_of(canonical(spec))


@pytest.mark.parametrize(
    ("spec", "spelled"),
    [
        ({"a": 1.0}, {"a": 1}),
        ({"compute": {"cpuCoreRequest": "500m"}}, {"compute": {"cpuCoreRequest": 0.5}}),
        ({"compute": {}}, {}),
        ({"labels": []}, {}),
        ({"args": ""}, {"args": ""}),
        ({"labels": [{"name": "a", "exclude": True}]}, {}),
        ({"labels": [{"name": "a", "exclude": False}]}, {"labels": {"name=a": {"name": "a"}}}),
        ({"nodePools": ["b", "a"]}, {"nodePools": ["b", "a"]}),
        (
            {"security": {"capabilities": ["KILL", "CHOWN"]}},
            {"security": {"capabilities": ["CHOWN", "KILL"]}},
        ),
        (
            {"nodeAffinityRequired": {"nodeSelectorTerms": [{"b": 1}, {"a": 1}]}},
            {"nodeAffinityRequired": {"nodeSelectorTerms": [{"a": 1}, {"b": 1}]}},
        ),
        ({"ports": [{"container": 80, "name": None}]}, {"ports": {"container=80": {"container": 80}}}),
        ({"terms": [{"a": 1}]}, {"terms": [{"a": 1}]}),
        (None, {}),
    ],
    ids=repr,
)
def test_one_spelling(spec: Any, spelled: dict[str, Any]) -> None:
    assert canonical(spec) == spelled


def test_a_secret_passes_through_untouched() -> None:
    secret = Secret("secret:HF_TOKEN", "hf_value")

    spelled = canonical({"environmentVariables": [{"name": "HF_TOKEN", "value": secret}]})

    assert spelled["environmentVariables"]["name=HF_TOKEN"]["value"] is secret
    assert referenced(spelled)["environmentVariables"]["name=HF_TOKEN"]["value"] == "secret:HF_TOKEN"


def test_a_tree_deeper_than_any_spec_is_left_alone() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep, "b": [deep]} if _ == 0 else {"a": deep}

    assert canonical({"spec": deep})


def test_keys_of_items_and_keyed_maps_are_told() -> None:
    assert item_key({"path": "/data", "claimName": "c"}) == item_key({"path": "/data"}) == "path=/data"
    assert item_key({"value": "x"}) == item_key("x") == ""
    assert is_keyed({"path=/data": {}})
    assert not is_keyed({"matchLabels": {}})


def test_every_quantity_field_of_the_models_is_known() -> None:
    from reconciler.providers.runai.kinds import KINDS

    found: set[str] = set()
    for kind in KINDS:
        for block in kind.model().model_json_schema().get("$defs", {}).values():
            for name, field in block.get("properties", {}).items():
                found |= {name} if "'format': 'quantity'" in str(field) else set()

    assert found == QUANTITIES

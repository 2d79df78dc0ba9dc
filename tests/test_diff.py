"""Comparing: only what git declares counts, and every difference has its pointer, origin and way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff import ABSENT, Comparison, Recorded, compare
from reconciler.secret import Secret, referenced
from tests.factories import INFERENCE, TRAINING, a_kind, keyed


def diff(
    declared: dict[str, Any], live: dict[str, Any], record: dict[str, Any] | None = None, **more: Any
) -> Comparison:
    recorded = Recorded(spec=None if record is None else keyed(referenced(record)))
    kind = more.pop("kind", INFERENCE)
    return compare(keyed(declared), keyed(live), recorded, kind=kind, **more)


def pointers(comparison: Comparison) -> list[str]:
    return [change.pointer for change in comparison.changes]


def test_a_field_git_does_not_state_is_not_drift() -> None:
    assert diff({"image": "a"}, {"image": "a", "priorityClass": "high"}).is_same


def test_a_changed_field_names_both_values() -> None:
    (change,) = diff({"image": "b"}, {"image": "a"}).changes

    assert (change.pointer, change.before, change.after) == ("/spec/image", "a", "b")


def test_one_and_one_point_zero_are_equal() -> None:
    assert diff({"compute": {"cpuCoreRequest": 1}}, {"compute": {"cpuCoreRequest": 1.0}}).is_same


def test_a_keyed_item_is_addressed_by_its_key() -> None:
    declared = {"environmentVariables": [{"name": "A", "value": "2"}]}
    live = {"environmentVariables": [{"name": "B", "value": "x"}, {"name": "A", "value": "1"}]}

    assert pointers(diff(declared, live)) == ["/spec/environmentVariables/name=A/value"]


@pytest.mark.parametrize(
    "live", [{}, {"environmentVariables": []}, {"environmentVariables": [{"name": "B"}]}]
)
def test_a_new_keyed_item_is_one_change(live: dict[str, Any]) -> None:
    declared = {"environmentVariables": [{"name": "A", "value": "1", "description": "d"}]}

    (change,) = diff(declared, live).changes

    assert change.before is ABSENT
    assert change.pointer == "/spec/environmentVariables/name=A"


def test_live_items_nobody_declared_are_kept() -> None:
    declared = {"environmentVariables": [{"name": "A", "value": "1"}]}
    live = {"environmentVariables": [{"name": "A", "value": "1"}, {"name": "POLICY", "value": "x"}]}

    comparison = diff(declared, live, record=declared)

    assert comparison.is_same
    assert comparison.kept == ("/spec/environmentVariables/name=POLICY",)


@pytest.mark.parametrize(
    ("then", "live", "now", "origin"),
    [("a", "a", "b", "git"), ("a", "b", "a", "live"), ("a", "c", "b", "both")],
)
def test_the_record_tells_who_moved_a_field(then: str, live: str, now: str, origin: str) -> None:
    (change,) = diff({"image": now}, {"image": live}, record={"image": then}).changes

    assert change.origin == origin


def test_without_a_record_nobody_is_blamed() -> None:
    assert diff({"image": "b"}, {"image": "a"}).changes[0].origin == ""


def test_a_removed_field_is_a_change_known_from_the_record() -> None:
    comparison = diff(
        {"image": "a"}, {"image": "a", "command": "run"}, record={"image": "a", "command": "run"}
    )

    (change,) = comparison.changes
    assert (change.pointer, change.after, change.origin) == ("/spec/command", ABSENT, "git")


def test_a_removed_field_that_lives_at_its_default_is_no_change() -> None:
    record = {"image": "a", "category": "Train"}

    assert diff({"image": "a"}, {"image": "a", "category": "Train"}, record=record).is_same


def test_a_removed_field_goes_back_to_its_documented_default() -> None:
    (change,) = diff(
        {"image": "a"}, {"image": "a", "category": "Build"}, record={"category": "Build"}
    ).changes

    assert change.after == "Train"


def test_a_default_written_out_is_no_change() -> None:
    assert diff({"image": "a", "category": "Train"}, {"image": "a"}).is_same
    assert not diff({"image": "a", "category": "Build"}, {"image": "a"}).is_same


def test_a_removed_keyed_item_is_one_change() -> None:
    record = {"environmentVariables": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    declared = {"environmentVariables": [{"name": "A", "value": "1"}]}

    assert pointers(diff(declared, record, record=record)) == ["/spec/environmentVariables/name=B"]


def test_a_removed_list_is_removed_item_by_item() -> None:
    record = {"image": "a", "environmentVariables": [{"name": "A", "value": "1"}]}
    live = {
        "image": "a",
        "environmentVariables": [{"name": "A", "value": "1"}, {"name": "POLICY", "value": "x"}],
    }

    assert pointers(diff({"image": "a"}, live, record=record)) == ["/spec/environmentVariables/name=A"]


def test_an_ignored_pointer_is_not_compared() -> None:
    declared = {"autoscaling": {"maxReplicas": 2, "minReplicas": 1}}
    live = {"autoscaling": {"maxReplicas": 5, "minReplicas": 0}}

    assert pointers(diff(declared, live, ignore=["/spec/autoscaling/maxReplicas"])) == [
        "/spec/autoscaling/minReplicas"
    ]


def test_support_says_what_changes_in_place() -> None:
    declared, live = {"image": "b", "ports": 1}, {"image": "a", "ports": 2}

    assert {c.pointer: c.in_place for c in diff(declared, live).changes} == {
        "/spec/image": True,
        "/spec/ports": False,
    }
    assert not any(c.in_place for c in diff(declared, live, kind=TRAINING).changes)


def test_a_list_of_scalars_is_one_value() -> None:
    (change,) = diff({"nodePools": ["a", "b"]}, {"nodePools": ["b", "a", "c"]}).changes

    assert (change.pointer, change.before, change.after) == ("/spec/nodePools", ["b", "a", "c"], ["a", "b"])


def _env(value: Any) -> dict[str, Any]:
    return {"environmentVariables": [{"name": "T", "value": value}]}


def test_a_secret_equal_to_live_is_the_same() -> None:
    assert diff(_env(Secret("secret:T", "s3cr3t-value")), _env("s3cr3t-value")).is_same


def test_a_secret_that_differs_shows_neither_value() -> None:
    comparison = diff(_env(Secret("secret:T", "new-value")), _env("old-value"), record=_env("secret:T"))

    assert "old-value" not in repr(comparison)
    assert "new-value" not in repr(comparison)
    assert comparison.only_secret_values


def test_the_live_value_of_a_secret_is_not_shown_where_no_record_tells_of_it() -> None:
    (change,) = diff(_env(Secret("secret:T", "new-value")), _env("old-value")).changes

    assert change.before == "(sensitive)"
    assert change.is_sensitive


def test_a_secret_whose_name_changed_is_not_a_value_only_change() -> None:
    comparison = diff(_env(Secret("secret:NEW", "new-value")), _env("old-value"), record=_env("secret:OLD"))

    assert not comparison.is_same
    assert not comparison.only_secret_values


def test_a_missing_secret_is_not_compared() -> None:
    assert diff(_env(Secret("secret:T")), _env("old-value")).is_same


def test_a_field_the_platform_never_returns_is_judged_by_the_record() -> None:
    kind = a_kind("Workspace", record_only=("/spec/templateId",))
    declared = {"templateId": "t-1"}

    assert diff(declared, {}, record={"templateId": "t-1"}, kind=kind).is_same
    assert pointers(diff(declared, {}, record={"templateId": "t-0"}, kind=kind)) == ["/spec/templateId"]


_scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab=~/", max_size=3)
_specs = st.dictionaries(
    st.sampled_from(["a", "b", "c/d", "e~f"]),
    st.recursive(
        _scalars, lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3), max_leaves=6
    ),
    max_size=4,
)


@given(_specs, _specs)
def test_live_that_holds_all_that_is_declared_never_differs(
    declared: dict[str, Any], more: dict[str, Any]
) -> None:
    live = {**more, **declared}

    assert diff(declared, live, record=declared).is_same


@given(_specs, _specs)
def test_something_differs_exactly_when_a_declared_value_does(
    declared: dict[str, Any], live: dict[str, Any]
) -> None:
    def stated(tree: Any, other: Any) -> bool:
        if not isinstance(tree, dict):
            return bool(tree == other)
        inner = other if isinstance(other, dict) else {} if other is None else None
        return inner is not None and all(
            _says_nothing(v) or (k in inner and stated(v, inner[k])) for k, v in tree.items()
        )

    assert diff(declared, live).is_same == stated(keyed(declared), keyed(live))


def _says_nothing(tree: Any) -> bool:
    return isinstance(tree, dict) and all(_says_nothing(value) for value in tree.values())

"""The text of drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.drift import Drift, DriftItem
from reconciler.plan import Action
from reconciler.report.drift import drift_text
from tests.report.values import CANARY, CHAT, DRIFT, LORA, PRETRAIN, SECRET

Golden = Callable[[str, str], None]


def test_one_changed_field_names_the_three_ways_out(golden: Golden) -> None:
    golden("report/drift-changed.txt", drift_text(DRIFT))


def test_several_drifts_are_counted_and_listed(golden: Golden) -> None:
    items = (
        *DRIFT.items,
        DriftItem(LORA, "missing", action=Action.CREATE),
        DriftItem(PRETRAIN, "degraded", reason="failed: OOMKilled"),
    )

    golden(
        "report/drift-several.txt", drift_text(replace(DRIFT, items=items, unknown={"runai-demo:x": "500"}))
    )


def test_no_drift_says_so_in_one_line() -> None:
    text = drift_text(Drift("demo", ("runai-demo",), 5, ()))

    assert text == "drift  runai-demo   5 declared: 0 changed, 0 missing, 0 unknown\n"


def test_a_sensitive_field_says_only_that_it_differs() -> None:
    text = drift_text(replace(DRIFT, items=(DriftItem(CHAT, "changed", (SECRET,)),)))

    assert "(sensitive, differs)" in text
    assert CANARY not in text


def test_what_apply_cannot_mend_is_not_offered_to_it() -> None:
    items = (DriftItem(PRETRAIN, "degraded", reason="OOMKilled"), DriftItem(LORA, "stopped"))

    text = drift_text(replace(DRIFT, items=items))

    assert "Put it back" not in text
    assert "1 degraded, 1 stopped" in text
    assert "= stopped" not in text
    assert "= stopped" in drift_text(replace(DRIFT, items=items), wide=True)


def test_a_long_sentence_of_the_platform_is_cut_with_an_ellipsis() -> None:
    text = drift_text(replace(DRIFT, items=(DriftItem(PRETRAIN, "degraded", reason="x" * 300),)))

    assert f"{'x' * 255}…\n" in text

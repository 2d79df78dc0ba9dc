"""What running objects need is not replaced under them: nothing is sent until consent names them."""

from __future__ import annotations

from collections import Counter

import pytest

from reconciler.errors import ExitCode
from reconciler.plan import Action
from tests.scenarios.oracle import a_sleeper, effects, mark
from tests.scenarios.stage import Stage

NEEDS = "[{kind: Workspace, name: store}]"


@pytest.fixture
def changed(stage: Stage) -> Stage:
    """Run a service and what needs it, of two kinds, and let git replace the service by another image."""
    users = {
        "web": a_sleeper("web", "Workspace", dependsOn=NEEDS),
        "chat": a_sleeper("chat", "Inference", dependsOn=NEEDS),
    }
    stage.write(store=a_sleeper("store", "Workspace"), **users).apply()
    return stage.write(
        store=a_sleeper(
            "store", "Workspace", image="busybox:2", lifecycle="{onImmutableChange: Replace, onRemove: Keep}"
        )
    )


def test_it_is_refused_and_then_let_through_by_the_words_of_the_plan(changed: Stage) -> None:
    before = mark(changed)
    refused = changed.apply()
    assert changed.mutations(before) == []
    (change,) = changed.plan().plan.having(Action.REFUSED)

    applied = changed.apply(allow=(change.consent,))

    assert change.consent == "replace=team-a/Inference/chat,replace=team-a/Workspace/web"
    assert refused.exit_code() is ExitCode.REFUSED
    assert applied.exit_code() is ExitCode.IN_ORDER
    assert effects(changed, before) == Counter({("delete", "store"): 1, ("create", "store"): 1})


def test_what_needs_it_goes_on_changing_only_without_it(changed: Stage) -> None:
    changed.write(chat=a_sleeper("chat", "Inference", image="busybox:2", dependsOn=NEEDS))
    before = mark(changed)

    applied = changed.apply()

    assert {outcome.key.name for outcome in applied.outcomes} == {"store", "chat"}
    assert changed.mutations(before) == []


def test_a_user_that_was_stopped_is_no_bar(changed: Stage) -> None:
    changed.write(web=a_sleeper("web", "Workspace", dependsOn=NEEDS, lifecycle="{state: Stopped}"))
    changed.remove("chat")
    before = mark(changed)

    changed.apply()

    assert effects(changed, before)["create", "store"] == 1

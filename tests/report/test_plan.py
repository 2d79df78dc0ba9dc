"""The text of a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.health import Level
from reconciler.impact import Impact
from reconciler.kind import Support
from reconciler.plan.change import Action, Change, Commit, FieldChange, Plan, Stranger
from reconciler.problem import Location
from reconciler.report.markdown import plan_markdown
from reconciler.report.plan import brought_words, plan_text
from reconciler.report.table import hanging
from reconciler.resource import Observed
from tests.factories import a_kind
from tests.report.values import (
    ADA,
    CANARY,
    CHAT,
    FIRST,
    MIXED,
    NEW_IMAGE,
    OLD_RUN,
    REFUSED,
    REFUSED_LORA,
    a_plan,
    key,
    observed,
)

Golden = Callable[[str, str], None]
PLANS = {"first": FIRST, "refused": REFUSED, "mixed": MIXED, "empty": a_plan(declared=5)}


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_reads_as_the_golden_file_has_it(name: str, width: int, golden: Golden) -> None:
    golden(f"report/plan-{name}-{width}.txt", plan_text(PLANS[name], width=width))


def test_a_wide_plan_also_shows_what_stays(golden: Golden) -> None:
    golden("report/plan-mixed-wide.txt", plan_text(MIXED, wide=True))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_key_is_ever_cut(plan: Plan, width: int) -> None:
    text = plan_text(plan, wide=True, width=width)

    assert all(str(change.key) in text for change in plan.changes)


@pytest.mark.parametrize(
    ("commits", "words"),
    [
        ([], ""),
        ([ADA], "in git since a1b2c3d Ada, 2026-11-23"),
        ([ADA, ADA, ADA], "in git since a1b2c3d Ada, 2026-11-23, and 2 earlier commits"),
    ],
)
def test_a_change_names_the_commit_that_brought_it(commits: list[Commit], words: str) -> None:
    change = replace(REFUSED_LORA, commits=tuple(commits))

    assert brought_words(change) == words
    assert words in plan_text(a_plan(change))
    assert words in plan_markdown(a_plan(change))


def test_where_all_is_refused_there_is_nothing_to_undo() -> None:
    words = "Nothing of it is done as it stands: there is nothing to undo."
    unread = a_plan(Change(CHAT, Action.UNKNOWN, reason="not read"))

    assert plan_text(REFUSED).endswith(f"{words}\n")
    assert plan_markdown(REFUSED).endswith(f"{words}\n")
    assert words not in plan_text(MIXED) + plan_text(a_plan(declared=5)) + plan_text(unread)


@pytest.mark.parametrize(
    ("reason", "ends_for_good"),
    [("git says Stopped", False), ("git says Stopped; its run ends for good", True)],
)
def test_a_stop_says_in_words_only_what_its_field_does_not(reason: str, ends_for_good: bool) -> None:
    state = FieldChange("/lifecycle/state", "Running", "Stopped", in_place=True)
    kind = replace(a_kind(), support=Support(stops=True, keeps_ended=ends_for_good))
    text = plan_text(a_plan(Change(CHAT, Action.STOP, kind=kind, reason=reason, fields=(state,))))

    assert "/lifecycle/state   Running -> Stopped" in text
    assert (reason in text) is ends_for_good


def test_a_sensitive_value_is_in_no_plan() -> None:
    assert CANARY not in plan_text(MIXED, wide=True)


def test_what_would_end_stands_above_everything() -> None:
    text = plan_text(REFUSED)

    assert text.startswith(
        "would end 1 running job: team-forecast/Training/lora, running 6h 02m on 1 GPU, 6.0 GPU-hours"
    )


def test_what_has_not_run_yet_is_not_said_to_run() -> None:
    row = replace(observed(OLD_RUN, "Pending").summary, level=Level.PROGRESSING)
    waiting = Change(
        OLD_RUN,
        Action.DELETE,
        observed=Observed(summary=row, spec={}),
        kind=a_kind(),
        impact=Impact("Pending", is_running=True),
        is_destructive=True,
    )

    alone, both = plan_text(a_plan(waiting)), plan_text(a_plan(waiting, REFUSED_LORA))

    assert alone.startswith("ends 1 waiting job: team-forecast/Training/old-run, pending, has not run yet\n")
    assert both.startswith("ends 1 waiting job: 0 GPU, 0.0 GPU-hours   (1 more not without consent)\n")
    assert (
        "  team-forecast/Training/lora, running 6h 02m on 1 GPU, 6.0 GPU-hours   (not without consent)\n"
        in both
    )


def test_a_fleet_of_several_targets_names_them() -> None:
    text = plan_text(a_plan(*FIRST.changes, targets=("east", "west")))

    assert "runai-demo:team-assist/Inference/assist-chat" in text


def test_more_than_a_few_strangers_are_counted_unless_all_are_asked_for() -> None:
    some = [Stranger(key(f"team-a/Training/old-{n}"), "unclaimed", "Running", "mina") for n in range(3)]
    many = [*some, Stranger(key("team-a/Training/copy"), "copied mark", "Running")]

    assert plan_text(a_plan(strangers=tuple(some))).count("(made by mina): not ours, not touched") == 3
    assert "  ? 3 unclaimed, 1 copied mark: not ours, not touched   (-o wide lists them)\n" in plan_text(
        a_plan(strangers=tuple(many))
    )
    assert plan_text(a_plan(strangers=tuple(many)), wide=True).count(": not ours, not touched") == 4


def test_why_a_project_is_unknown_is_told_once() -> None:
    why = "prod: cannot list workloads of team-assist (403)"
    change = Change(CHAT, Action.UNKNOWN, reason=why)

    assert plan_text(a_plan(change, unknown={"runai-demo:team-assist": why})).count(why) == 1


def test_a_plan_that_only_waits_does_not_say_that_all_is_as_git_says() -> None:
    text = plan_text(a_plan(Change(CHAT, Action.DEFERRED, needs=(CHAT,)), declared=5))

    assert "Nothing to do yet: 1 deferred until what they need is done." in text
    assert "all as git says" not in text


def test_the_line_is_that_of_the_one_field_that_moves() -> None:
    again = replace(NEW_IMAGE, pointer="/spec/args", place=replace(NEW_IMAGE.place or Location(""), line=11))
    several = replace(REFUSED_LORA, fields=(NEW_IMAGE, again))

    assert "forecast/lora.yaml:9\n" in plan_text(a_plan(REFUSED_LORA))
    assert "forecast/lora.yaml:2\n" in plan_text(a_plan(several))


def test_a_line_that_is_too_long_goes_on_below_further_in() -> None:
    assert hanging("a b c", 7, "  ") == ["  a b c"]
    assert hanging("a b c", 6, "  ") == ["  a", "    b", "    c"]
    assert hanging("", 6) == [""]


def test_the_command_that_does_it_is_never_broken_and_what_is_said_of_it_goes_below() -> None:
    plan = a_plan(*FIRST.changes, REFUSED_LORA)
    command = f"reconciler apply {'--adopt x/y ' * 6}--yes"

    assert "To do it: reconciler apply   (1 stays refused: exit 9)\n" in plan_text(plan, width=80)
    assert f"To do it: {command}\n  (1 stays refused: exit 9)\n" in plan_text(
        plan, width=80, next_step=command
    )

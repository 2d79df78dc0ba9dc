"""From nothing to healthy, and a second run that finds nothing to do."""

from __future__ import annotations

from reconciler.errors import ExitCode
from reconciler.outcome import Result, Step
from reconciler.plan import Action
from tests.scenarios.oracle import EVERY_KIND, IN_PLACE, apply_hearing, every_kind, image_of
from tests.scenarios.stage import Stage, a_manifest


def test_a_declared_workload_is_created_and_becomes_healthy(stage: Stage) -> None:
    stage.write(train=a_manifest())

    applied = stage.apply()

    assert applied.exit_code() is ExitCode.IN_ORDER
    assert applied.is_replan_empty
    assert [record.kind for record in stage.live().values()] == ["Training"]
    assert [verdict.health.phase for verdict in applied.verdicts] == ["Running"]


def test_the_second_apply_sends_nothing(stage: Stage) -> None:
    first = every_kind(stage).apply()
    before = stage.emulator.ledger.mark()

    again = stage.apply()

    assert (first.exit_code(), again.exit_code()) == (ExitCode.IN_ORDER, ExitCode.IN_ORDER)
    assert {verdict.key.kind for verdict in first.verdicts} == {*EVERY_KIND.values()}
    assert stage.mutations(before) == []


def test_a_new_image_is_one_request_where_it_changes_in_place_and_a_consented_replacement_elsewhere(
    stage: Stage,
) -> None:
    every_kind(stage).apply()
    before = stage.emulator.ledger.mark()
    refused = every_kind(stage, image="busybox:2").apply()
    since = stage.emulator.ledger.mark()

    consents = tuple(change.consent for change in stage.plan().plan.having(Action.REFUSED))
    replaced = stage.apply(allow=(*consents, "destroy=4"))

    changed = {entry.effect.name: entry.method for entry in stage.mutations(before) if entry.effect}
    others = {name for name in EVERY_KIND if name not in IN_PLACE}
    assert refused.exit_code() is ExitCode.PARTIAL
    assert changed.items() >= IN_PLACE.items()
    assert {consent.rpartition("/")[2] for consent in consents} == others
    assert replaced.exit_code() is ExitCode.IN_ORDER
    assert sorted((e.effect.name, e.method) for e in stage.mutations(since) if e.effect) == sorted(
        (name, method) for name in others for method in ("DELETE", "POST")
    )
    assert {image_of(one) for one in stage.live().values()} == {"busybox:2"}
    assert stage.plan().plan.is_empty


def test_plan_drift_and_health_send_nothing(stage: Stage) -> None:
    stage.write(train=a_manifest())

    stage.plan()
    stage.drift()
    stage.health()

    assert stage.mutations() == []


def test_three_kinds_with_a_secret_and_a_variable(stage: Stage) -> None:
    env = '[{name: T, value: "${{ secrets.HF_TOKEN }}"}]'
    spec = f'{{image: "busybox:${{{{ vars.IMAGE_TAG }}}}", environmentVariables: {env}}}'
    stage.write(train=a_manifest(spec=spec))

    assert stage.apply().exit_code() is ExitCode.IN_ORDER

    live = stage.live()["train"]
    values = {item["name"]: item["value"] for item in live.spec["environmentVariables"]}
    assert live.spec["image"] == "busybox:24.07"
    assert values["T"] == "hf-canary-0123456789"
    assert "canary" not in values["RECONCILER_MARK"] + str(live.spec["annotations"])
    assert not stage.plan().plan.writes


def test_what_needs_another_is_created_after_it(stage: Stage) -> None:
    stage.write(
        web=a_manifest("web", "Workspace", dependsOn="[{kind: Workspace, name: store}]"),
        store=a_manifest("store", "Workspace"),
    )

    stage.apply()

    made = [entry.effect.name for entry in stage.mutations() if entry.effect]
    assert made == ["store", "web"]


def test_what_needs_a_job_is_deferred_and_started_by_a_later_apply(stage: Stage) -> None:
    stage.write(
        job=a_manifest("job", spec="{image: busybox:1, command: sleep, args: '30'}"),
        after=a_manifest("after", dependsOn="[{kind: Training, name: job}]"),
    )
    first = stage.apply()
    stage.clock.advance(120)

    second = stage.apply()

    assert first.exit_code() is ExitCode.IN_ORDER
    assert "after" not in {e.effect.name for e in stage.mutations()[:1] if e.effect}
    assert second.exit_code() is ExitCode.IN_ORDER
    assert set(stage.live()) == {"job", "after"}
    assert {c.key.name: c.action for c in stage.plan().plan.changes} == {
        "job": Action.KEEP,
        "after": Action.KEEP,
    }


def test_what_needs_a_service_waits_until_it_is_healthy(stage: Stage) -> None:
    stage.write(
        web=a_manifest("web", "Workspace", dependsOn="[{kind: Workspace, name: store}]"),
        store=a_manifest("store", "Workspace"),
    )

    stage.apply()

    texts = [(step.key.name, step.state) for step in stage.steps if step.key]
    assert texts.index(("store", "settled")) < texts.index(("web", "sent"))


def test_what_needs_a_service_that_fails_is_skipped_and_then_deferred(stage: Stage) -> None:
    stage.write(
        web=a_manifest("web", "Workspace", dependsOn="[{kind: Workspace, name: store}]"),
        store=a_manifest("store", "Workspace", spec="{image: 'no-such-image:1'}"),
    )

    first = stage.apply()
    stage.clock.advance(3600)
    second = stage.apply()

    assert first.exit_code() is ExitCode.PARTIAL
    assert {o.key.name: o.result for o in first.outcomes} == {"store": Result.DONE, "web": Result.SKIPPED}
    assert {o.key.name: o.result for o in second.outcomes} == {"web": Result.DEFERRED}
    assert set(stage.live()) == {"store"}


def test_what_moved_between_the_read_back_and_the_fresh_plan_is_not_done(stage: Stage) -> None:
    def meddle(step: Step) -> None:
        if step.state == "settled":
            stage.emulator.world.edit_spec(stage.live()["chat"].id, {"image": "busybox:9"}, by="somebody")

    stage.write(chat=a_manifest("chat", "Inference"))

    applied = apply_hearing(stage, meddle)

    assert [outcome.result for outcome in applied.outcomes] == [Result.DONE]
    assert applied.exit_code() is ExitCode.PARTIAL
    assert not applied.is_replan_empty


def test_what_nobody_needs_is_watched_while_others_wait_for_their_needs(stage: Stage) -> None:
    stage.write(
        web=a_manifest("web", "Workspace", dependsOn="[{kind: Workspace, name: store}]"),
        store=a_manifest("store", "Workspace"),
        solo=a_manifest("solo", "Workspace"),
    )

    stage.apply()

    texts = [(step.key.name, step.state) for step in stage.steps if step.key]
    assert texts.index(("solo", "state")) < texts.index(("web", "sent"))

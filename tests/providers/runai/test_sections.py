"""What a description is made of: each section as the control plane tells it, and what it does not offer."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from reconciler.errors import ProviderError
from reconciler.providers.runai.provider import RunaiProvider
from reconciler.resource import Scope
from reconciler.sight import Section, Series, Span
from tests.providers.runai.stage import Stage, only, stage

NAMES = ("pending", "pods", "history", "events", "endpoints", "elements")


def sections(made: Stage, kind: str = "Training", name: str = "train") -> dict[str, Section]:
    async def read(provider: RunaiProvider, scope: Scope) -> dict[str, Section]:
        one = await only(provider, scope, kind, name)
        return {each: await provider.section(one, each) for each in provider.sections(one)}

    return made.play(read)


def test_a_running_workload_tells_its_sections_in_order() -> None:
    with stage() as made:
        made.add(kind="Inference", spec={"image": "vllm", "servingPort": {"container": 8000}})
        made.clock.advance(120)

        found = sections(made, "Inference")

    assert tuple(found) == (*NAMES, "revisions")
    (pod,) = found["pods"].rows
    assert (pod[1], isinstance(pod[-1], datetime)) == ("Running", True)
    assert found["history"].rows[0][1] == "Running"
    assert "Started" in [row[2] for row in found["events"].rows]
    assert str(found["endpoints"].rows[0][0]).startswith("http")
    assert found["elements"].rows
    assert [row[1] for row in found["revisions"].rows] == ["Running"]
    assert found["pending"].note == "none"


def test_what_can_never_start_says_why_by_node_pool() -> None:
    spec = {"image": "x", "preemptibility": "non-preemptible", "compute": {"gpuDevicesRequest": 8}}
    with stage() as made:
        for name in ("first", "second", "train"):  # the project's quota is 16
            made.add(name, kind="Workspace", spec=spec)
            made.clock.advance(60)

        (row,) = sections(made, "Workspace")["pending"].rows

    assert row[1] in {"NonPreemptibleOverQuota", "OverLimit"}
    assert "over quota" in str(row[3])


def test_what_an_older_server_does_not_offer_is_named_and_no_failure() -> None:
    with stage("2.24") as made:
        made.add()
        made.clock.advance(60)

        found = sections(made)

    assert "not offered by this control plane or its cluster" in found["elements"].note
    assert found["pods"].rows


@pytest.mark.parametrize("name", NAMES)
def test_a_section_that_fails_is_no_empty_one(name: str) -> None:
    with stage() as made:
        made.add()
        made.clock.advance(60)
        path = "" if name == "pending" else f"/{name}"
        made.spoil(rf"GET /api/v1/workloads/[0-9a-f-]+{path}(\?.*)?$", status=403, forever=True)

        async def read(provider: RunaiProvider, scope: Scope) -> Section:
            return await provider.section(await only(provider, scope, "Training", "train"), name)

        with pytest.raises(ProviderError):
            made.play(read)


def used(made: Stage, samples: int = 5) -> list[Series]:
    async def read(provider: RunaiProvider, scope: Scope) -> list[Series]:
        one = await only(provider, scope, "Training", "train")
        end = made.clock.now()
        return list(await provider.used_in_full(one, Span(end - timedelta(minutes=5), end, samples)))

    return made.play(read)


def test_metrics_come_whole_and_by_pod_oldest_first() -> None:
    with stage() as made:
        made.add(spec={"image": "busybox", "compute": {"gpuDevicesRequest": 1}})
        made.clock.advance(600)

        series = used(made)

    assert [(each.metric, each.unit) for each in series if not each.pod] == [
        ("gpu", "%"),
        ("gpu memory", "bytes"),
        ("cpu", "cores"),
        ("memory", "bytes"),
    ]
    assert {each.pod for each in series if each.pod} == {"train-0-0"}
    times = [at for at, _ in series[0].samples]
    assert (len(times), times) == (5, sorted(times))


def test_gpus_are_counted_by_project() -> None:
    with stage() as made:
        made.add(spec={"image": "busybox", "compute": {"gpuDevicesRequest": 1}})
        made.clock.advance(60)

        held = made.play(lambda provider, _: provider.held())

    assert held["team-a"] == 1

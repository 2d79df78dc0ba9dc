"""What people read of clusters: what ends with one, what it waits for, how it is installed."""

from __future__ import annotations

import json

from reconciler.health import Health, Level
from reconciler.impact import Impact
from reconciler.kind import Support
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change, FieldChange
from reconciler.provider import InstallInfo
from reconciler.providers.runai.kinds import KINDS
from reconciler.report.ends import ends_text
from reconciler.report.install import install_document, install_text
from reconciler.report.outcome import applied_text
from reconciler.report.plan import plan_text
from reconciler.resource import ResourceKey
from tests.report.values import a_plan

EDGE = ResourceKey("prod", "", "Cluster", "edge")
CLUSTER = next(kind for kind in KINDS if kind.name == "Cluster")
TOLD = InstallInfo("helm install --set secret=s3cr3t-0123", "runai", "https://charts.example", "s3cr3t-0123")


def ending(carried: int, gpus: float = 0.0, gpu_hours: float = 0.0) -> Change:
    weight = Impact("Connected", gpus=gpus, gpu_hours=gpu_hours, is_running=True, carried=carried)
    return Change(EDGE, Action.DELETE, kind=CLUSTER, impact=weight, is_destructive=True)


def test_the_end_of_a_cluster_counts_what_ends_with_it() -> None:
    text = ends_text([ending(2, gpus=9.0, gpu_hours=120.0)])

    assert text.startswith("ends 2 running workloads and 1 cluster: Cluster/edge, Connected, ")
    assert "with 2 running workloads on 9 GPU, 120.0 GPU-hours" in text


def test_the_end_of_an_empty_cluster_says_that_nothing_runs_on_it() -> None:
    assert ends_text([ending(0)]) == "ends 1 cluster: Cluster/edge, Connected, with no running workload\n"


def test_a_refused_field_of_a_cluster_does_not_speak_of_replacement() -> None:
    assert CLUSTER.support == Support(carries_mark=False, replaces=False)
    field = FieldChange("/spec/domain", "a", "b")
    change = Change(EDGE, Action.REFUSED, reason="it cannot change", fields=(field,), kind=CLUSTER)

    text = plan_text(a_plan(change))

    assert "it cannot change" in text
    assert "replacement" not in text


def test_what_waits_for_a_person_is_not_called_queued() -> None:
    health = Health(Level.PROGRESSING, "WaitingToConnect", message="it waits to connect", is_final=True)
    done = Outcome(EDGE, Action.CREATE, Result.DONE)

    text = applied_text(Applied((done,), (Verdict(EDGE, health, is_queued=True),), is_replan_empty=True))

    assert text.startswith("waiting: 1\n  Cluster/edge   it waits to connect\n")
    assert "1 waiting, in" in text


def test_the_client_secret_is_shown_only_to_whoever_asks() -> None:
    hidden, shown = install_text(TOLD, reveal=False), install_text(TOLD, reveal=True)

    assert TOLD.secret not in hidden + json.dumps(install_document(TOLD, reveal=False))
    assert "--reveal" in hidden
    assert TOLD.secret in shown
    assert install_document(TOLD, reveal=True)["clientSecret"] == TOLD.secret

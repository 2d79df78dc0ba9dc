"""Plans, drift and outcomes made by hand, as the reports receive them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.capacity import Chance, Forecast, Outlook
from reconciler.drift import Drift, DriftItem
from reconciler.errors import Unavailable
from reconciler.health import Health, Level
from reconciler.impact import Impact
from reconciler.outcome import Applied, Outcome, Result, Verdict
from reconciler.plan.change import Action, Change, Commit, FieldChange, Plan, Prune, Stranger
from reconciler.problem import Location, Problem, Severity
from reconciler.resource import Life, Observed, ResourceKey, Summary
from reconciler.secret import Secret
from tests.factories import a_kind

CANARY = "hf_canary0123456789"


NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def key(words: str, target: str = "runai-demo") -> ResourceKey:
    scope, kind, name = words.split("/")
    return ResourceKey(target, scope, kind, name)


CHAT = key("team-assist/Inference/assist-chat")
EMBEDDING = key("team-assist/Inference/assist-embedding")
LORA = key("team-forecast/Training/lora")
PRETRAIN = key("team-forecast/Training/pretrain")
OLD_RUN = key("team-forecast/Training/old-run")


def observed(of: ResourceKey, phase: str = "Running", life: Life = Life.ACTIVE) -> Observed:
    row = Summary(key=of, id=f"id-{of.name}", identity=str(of), phase=phase, life=life, fingerprint="f1")
    return Observed(summary=row, spec={})


def create(of: ResourceKey, gpus: float, source: str) -> Change:
    return Change(of, Action.CREATE, gpus=gpus, source=Location(source, 2))


def a_plan(*changes: Change, **more: Any) -> Plan:
    values: Mapping[str, Any] = {
        "fleet_id": "7f3a9c04d2b81e66",
        "fleet": "demo",
        "commit": "c0ffee1" + "0" * 33,
        "branch": "main",
        "targets": ("runai-demo",),
        "read_count": 14,
        "read_at": NOW,
        "declared": len(changes),
        "digest": "1:7d1f0a9255aa0011",
        **more,
    }
    return Plan(changes=tuple(sorted(changes, key=lambda change: change.key)), **values)


FIRST = a_plan(
    create(CHAT, 0.75, "assist/chat.yaml"),
    create(EMBEDDING, 0.1, "assist/embedding.yaml"),
    create(LORA, 1, "forecast/lora.yaml"),
    create(PRETRAIN, 8, "forecast/pretrain.yaml"),
    strangers=(Stranger(OLD_RUN, "unclaimed", "Running", "mina"),),
)

ADA = Commit("a1b2c3d" + "0" * 33, datetime(2026, 11, 23, 9, tzinfo=UTC), "Ada")
IMPACT = Impact("Running", running_seconds=21720, gpus=1, gpu_hours=6.03, is_running=True)
NEW_IMAGE = FieldChange(
    "/spec/image",
    "registry/lora:1.8",
    "registry/lora:1.9",
    "git",
    place=Location("forecast/lora.yaml", 9, 10),
)
REFUSED_LORA = Change(
    LORA,
    Action.REFUSED,
    reason="Run:ai cannot change /spec/image of a Training",
    fields=(NEW_IMAGE,),
    observed=observed(LORA),
    kind=a_kind(),
    impact=IMPACT,
    is_destructive=True,
    source=Location("forecast/lora.yaml", 2),
    commits=(ADA,),
    consent=f"replace={LORA}",
    hint=f"To replace it: lifecycle.onImmutableChange: Replace in git, "
    f"or once: reconciler apply --allow replace={LORA}",
)
IF_REPLACED = Outlook(LORA, Chance.MAY_QUEUE, 1, "h100-pool", why="others wait for h100-pool as well")
REFUSED = a_plan(REFUSED_LORA, digest="1:91aa0c1100000000", forecast=Forecast(supposed=(IF_REPLACED,)))

SECRET = FieldChange(
    "/spec/environmentVariables/name=HF_TOKEN/value",
    CANARY,
    Secret("secret:HF_TOKEN", CANARY),
    in_place=True,
    is_sensitive=True,
)
REPLICAS = FieldChange(
    "/spec/autoscaling/maxReplicas", 5, 2, "live", in_place=True, place=Location("assist/chat.yaml", 17, 18)
)
UPDATED_CHAT = Change(
    CHAT,
    Action.UPDATE,
    reason="changed live",
    fields=(REPLICAS, SECRET),
    observed=observed(CHAT),
    gpus=0.75,
    source=Location("assist/chat.yaml", 2),
    kept=("/spec/environmentVariables/name=POLICY_SET",),
)
MIXED = a_plan(
    UPDATED_CHAT,
    Change(
        LORA,
        Action.REPLACE,
        reason="Run:ai cannot change /spec/image of a Training",
        fields=(NEW_IMAGE,),
        observed=observed(LORA),
        kind=a_kind(),
        impact=IMPACT,
        is_destructive=True,
        gpus=1,
        source=Location("forecast/lora.yaml", 2),
    ),
    Change(
        PRETRAIN,
        Action.DELETE,
        reason="its manifest is gone",
        source=Location("forecast/pretrain.yaml"),
        removed_by="0123456789abcdef0123456789abcdef01234567",
        observed=observed(PRETRAIN),
        kind=a_kind(),
        impact=Impact("Running", running_seconds=36000, gpus=8, gpu_hours=80, is_running=True),
        is_destructive=True,
        gpus=8,
    ),
    Change(key("team-forecast/Training/eval"), Action.DEFERRED, reason=f"needs {LORA} to finish first"),
    Change(key("team-forecast/Training/done"), Action.KEEP, reason="finished"),
    Change(
        key("team-forecast/Training/again"),
        Action.KEEP,
        reason="finished; spec changed: raise runId to run it",
        hint="lifecycle: {runId: ...}",
        source=Location("forecast/again.yaml", 2),
    ),
    unknown={"runai-demo:platform": "its list answered 500"},
    notes=(Problem("RC306", "git history is shallow", hint="fetch-depth: 0", severity=Severity.WARNING),),
    prune=Prune(is_on=False, why="the run was narrowed to 6 objects"),
)

DRIFT = Drift(
    "demo",
    ("runai-demo",),
    5,
    (DriftItem(CHAT, "changed", (REPLICAS,), Location("assist/chat.yaml", 2), action=Action.UPDATE),),
)

EDITED = DriftItem(
    CHAT,
    "changed",
    (REPLICAS,),
    Location("assist/chat.yaml", 2),
    reason="changed live",
    action=Action.UPDATE,
    since=datetime(2026, 11, 26, 10, tzinfo=UTC),
    by="lee@acme.com",
    commits={REPLICAS.pointer: ADA},
)
TOLD = Drift(
    "demo",
    ("runai-demo",),
    7,
    (
        EDITED,
        DriftItem(EMBEDDING, "unknown", reason="its detail could not be read"),
        DriftItem(
            LORA,
            "missing",
            source=Location("forecast/lora.yaml", 2),
            action=Action.CREATE,
            since=datetime(2026, 11, 26, 9, 30, tzinfo=UTC),
            by="mina@acme.com",
            commit=ADA,
        ),
        DriftItem(
            OLD_RUN,
            "orphaned",
            reason="its manifest forecast/old-run.yaml is gone",
            action=Action.DELETE,
            commit=ADA,
        ),
        DriftItem(
            PRETRAIN,
            "degraded",
            reason="failed: exit code 137",
            since=datetime(2026, 11, 26, 11, 15, tzinfo=UTC),
            cause="OOMKilled: Memory cgroup out of memory: killed process 1 (python)",
        ),
        DriftItem(
            key("team-forecast/Workspace/notebook"),
            "unclaimed",
            reason="unclaimed: made by mina@acme.com, it carries no mark",
            hint="rename the manifest, or remove the live object",
            since=datetime(2026, 11, 20, tzinfo=UTC),
            by="mina@acme.com",
        ),
        DriftItem(
            key("team-forecast/Workspace/paused"), "stopped", since=datetime(2026, 11, 26, 2, tzinfo=UTC)
        ),
    ),
    unknown={"runai-demo:platform": "its list answered 500"},
    unread=1,
)

HEALTHY = Health(Level.HEALTHY, phase="Running", message="1/1 replicas ready")
QUEUED = Health(Level.PROGRESSING, phase="Pending", message="4 of 6 GPUs free in h100-pool", is_queued=True)
BROKEN = Health(Level.DEGRADED, phase="Failed", reason="OOMKilled", message="exit 137 (OOMKilled), asked 8Gi")
APPLIED = Applied(
    outcomes=tuple(
        Outcome(of, Action.CREATE, Result.DONE, id=of.name) for of in (CHAT, EMBEDDING, LORA, PRETRAIN)
    ),
    verdicts=(
        Verdict(CHAT, HEALTHY),
        Verdict(EMBEDDING, HEALTHY),
        Verdict(LORA, HEALTHY),
        Verdict(PRETRAIN, QUEUED, is_queued=True),
    ),
    is_replan_empty=True,
    seconds=9.87,
)
TROUBLED = Applied(
    outcomes=(
        Outcome(CHAT, Action.CREATE, Result.DONE),
        Outcome(
            EMBEDDING,
            Action.CREATE,
            Result.FAILED,
            problem=Problem(
                "RC421", "runai-demo refused to create assist-embedding", why="project has no quota"
            ),
        ),
        Outcome(LORA, Action.CREATE, Result.SKIPPED, why="needs team-assist/Inference/assist-embedding"),
        Outcome(PRETRAIN, Action.CREATE, Result.NOT_ATTEMPTED),
    ),
    verdicts=(
        Verdict(
            CHAT,
            BROKEN,
            cause="torch.cuda.OutOfMemoryError: CUDA out of memory",
            log={"assist-chat-0": ("loading model", "torch.cuda.OutOfMemoryError: CUDA out of memory")},
        ),
    ),
    is_interrupted=True,
    seconds=75,
)

UNREACHABLE = Unavailable(
    "runai-prod",
    "list",
    "workloads",
    said="[Errno -2] Name or service not known",
    url="https://acme.run.ai/api/v1/workloads",
)
TYPO = Problem(
    "RC103",
    'unknown field "gpus" in compute',
    Location("manifests/forecast/lora.yaml", 11, 5, 9),
    hint='use "gpuDevicesRequest" (whole GPUs) or "gpuPortionRequest" (a fraction)',
    excerpt="    gpus: 1",
)
QUANTITY = Problem(
    "RC108",
    '"16Gib" is not a quantity',
    Location("manifests/forecast/lora.yaml", 12, 23, 28),
    hint="16Gi (1024-based) or 16G (1000-based)",
    excerpt="    cpuMemoryRequest: 16Gib",
)

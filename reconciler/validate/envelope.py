"""The envelope and the fleet file as pydantic models: the one source of their shape.

Only the schema is made from these; what a field means is decided where its value is built.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

from reconciler.validate.policy import DURATION

NAME = r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"

Text = StrictStr
Duration = Annotated[StrictStr, Field(pattern=DURATION)]
Variable = Annotated[StrictStr, Field(pattern=VARIABLE)]
Count = Annotated[StrictInt, Field(ge=0)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)] | Annotated[StrictFloat, Field(ge=0, le=100)]
Amount = Annotated[StrictInt, Field(ge=0)] | Annotated[StrictFloat, Field(ge=0)]


class Part(BaseModel):
    """Model one mapping of the envelope: camelCase, nothing beyond its fields."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


def _chosen(default: Any, description: str, **values: str) -> Any:
    """Describe a field with a default; `values` say what each value of an enum means.

    The default stands in the schema for people alone: a field left out stays left out, so that a
    fleet's own default applies.
    """
    extra: dict[str, Any] = {"default": default}
    if values:
        extra["enumDescriptions"] = list(values.values())
    return Field(None, description=description, json_schema_extra=extra)


class Metadata(Part):
    """Say which object a manifest declares. The scope's own word is added for each kind."""

    name: Text = Field(description="Name of the object on the platform.")
    cluster: Text | None = Field(
        None, description="Its cluster, only where the scope's name exists on several."
    )
    target: Text | None = Field(
        None, description="Its target in the fleet file, only where several are of this provider."
    )
    labels: dict[str, Text] | None = Field(
        None, description="Yours, to select with -l; never sent.", examples=[{"team": "forecast"}]
    )


class LifecyclePart(Part):
    """State what may happen to the object over its life."""

    state: Literal["Running", "Stopped", "Absent"] | None = _chosen(
        "Running",
        "Wanted state. Default Running.",
        Running="It shall run, or have run.",
        Stopped="It is kept, and holds no GPU. For kinds that can be stopped.",
        Absent="It is deleted, with consent. For Cluster.",
    )
    force: StrictBool | None = _chosen(
        False, "Delete an Absent Cluster at once, without waiting for it to clean up. Default false."
    )
    run: Literal["Once", "OnFailure", "OnChange", "Always"] | None = _chosen(
        "Once",
        "When a finished job runs again. Default Once. For kinds that finish.",
        Once="Never: a job that has completed is as wanted.",
        OnFailure="When it has failed.",
        OnChange="When its spec has changed.",
        Always="At every apply.",
    )
    run_id: Text | None = Field(
        None, max_length=63, description="Any short string; a new one is a new run. For kinds that finish."
    )
    on_remove: Literal["Delete", "Stop", "Keep"] | None = _chosen(
        "Delete",
        "What happens to the object when its manifest goes away. Default Delete.",
        Delete="It is deleted, within the guard's limits.",
        Stop="It is stopped. For kinds that can be stopped.",
        Keep="It is left as it is.",
    )
    on_immutable_change: Literal["Refuse", "Replace"] | None = _chosen(
        "Refuse",
        "What a change does that the platform cannot make in place. Default Refuse.",
        Refuse="The plan is refused, and says which words consent.",
        Replace="The object is deleted and created again.",
    )
    on_secret_change: Literal["Keep", "Replace"] | None = _chosen(
        "Keep",
        "What a changed secret does where the platform cannot change it in place. Default Keep.",
        Keep="The object goes on with the old value.",
        Replace="The object is deleted and created again.",
    )
    on_platform_stop: Literal["Leave", "Resume"] | None = _chosen(
        "Leave",
        "What a stop by the platform, such as an idle limit, leads to. Default Leave. "
        "For kinds that can be stopped.",
        Leave="It stays stopped.",
        Resume="It is started again.",
    )
    protect: StrictBool | None = _chosen(False, "Never delete, replace or stop the object. Default false.")
    ignore: list[Text] | None = Field(
        None,
        description="Pointers such as /spec/args that are not compared, and not sent in an update.",
        examples=[["/spec/args", "/spec/environmentVariables/name=SEED"]],
    )
    adopt: Text | None = Field(
        None,
        description="Platform id of the live object to take over, which carries nobody's mark.",
    )


class HealthPart(Part):
    """State how long to wait for health."""

    timeout: Duration | None = _chosen("20m", "How long apply waits for health in all. Default 20m.")
    queue_timeout: Duration | None = _chosen(
        "60s",
        "How long a queue for capacity is waited for; then the object counts as queued, which is no "
        "failure. Default 60s.",
    )
    hold: Duration | None = _chosen("10s", "How long a verdict must hold. Default 10s.")
    log_tail: Annotated[StrictInt, Field(ge=0, le=10_000)] | None = _chosen(
        50, "Lines kept of each pod's log while settling. Default 50."
    )


class Reference(Part):
    """Name another object of the fleet."""

    kind: Text = Field(description="Its kind, such as Training.")
    name: Text = Field(description="Its name.")
    project: Text | None = Field(None, description="Its project. Default: that of this manifest.")
    workspace: Text | None = Field(None, description="Its workspace. Default: that of this manifest.")


class FleetMetadata(Part):
    """Name the fleet."""

    name: Text = Field(min_length=1, max_length=63, pattern=NAME, description="For people.")
    id: Text = Field(
        pattern=r"^[0-9a-f]{16,64}$",
        description="At least 64 random bits in hex, written by init. It decides ownership.",
    )


class AtMost(Part):
    """Limit a number of objects."""

    count: Count | None = Field(None, description="As a number.")
    percent: Percent | None = Field(None, description="As a part of what the fleet owns.")


class Guard(Part):
    """Limit what one plan may do without consent."""

    max_destroy: AtMost | None = _chosen(
        {"count": 10, "percent": 20}, "Objects a plan may end. Default 10, 20 percent."
    )
    max_create: AtMost | None = _chosen(
        {"count": 50, "percent": 100}, "Objects a plan may create. Default 50, 100 percent."
    )
    max_gpu_hours_lost: Amount | None = _chosen(500, "GPU-hours spent by what a plan ends. Default 500.")


class JournalPart(Part):
    """Say where the journal's memory and the lease of the fleet live."""

    store: Literal["local", "git"] | None = _chosen(
        "local",
        "Where the memory of runs and the lock live. Default local.",
        local="In the state folder of this machine.",
        git="In a ref of a git remote, shared by every machine that applies this fleet.",
    )
    remote: Text | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="Name or URL of the git remote, without credentials. For store: git. Default origin.",
        examples=["origin"],
        json_schema_extra={"default": "origin"},
    )
    lease_timeout: Duration | None = _chosen(
        "15m",
        "A holder of the lease that did not renew it for so long counts as dead; 1m to 24h. "
        "For store: git. Default 15m.",
    )


class FleetPart(Part):
    """Describe a fleet file, all but its targets."""

    metadata: FleetMetadata = Field(description="Name and id.")
    manifests: list[Text] | None = _chosen(
        ["manifests"], "Files and folders, relative to this file. Default [manifests]."
    )
    vars: list[Variable] | None = Field(None, description="Environment variables that manifests may read.")
    secrets: list[Variable] | None = Field(None, description="The same, for secret values.")
    guard: Guard | None = Field(None, description="Limits for one plan.")
    journal: JournalPart | None = Field(None, description="Where runs are remembered, and who may apply.")
    allowed_hosts: list[Text] | None = Field(
        None, description="Hosts besides the targets' own that a token may be sent to, such as *.acme.com."
    )
    lifecycle: LifecyclePart | None = Field(None, description="Defaults for every manifest.")
    health: HealthPart | None = Field(None, description="Defaults for every manifest.")

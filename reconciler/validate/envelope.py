"""The envelope and the fleet file as pydantic models: the one source of their shape.

Only the schema is made from these; what a field means is decided where its value is built.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

DURATION = r"^[0-9]{1,6}[hms]([0-9]{1,6}[ms])?([0-9]{1,6}s)?$"
NAME = r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"

Text = StrictStr
Duration = Annotated[StrictStr, Field(pattern=DURATION)]
Variable = Annotated[StrictStr, Field(pattern=VARIABLE)]
Count = Annotated[StrictInt, Field(ge=0)]
Amount = Annotated[StrictInt, Field(ge=0)] | Annotated[StrictFloat, Field(ge=0)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)] | Annotated[StrictFloat, Field(ge=0, le=100)]


class Part(BaseModel):
    """Model one mapping of the envelope: camelCase, nothing beyond its fields."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class Metadata(Part):
    """Say which object a manifest declares. The scope's own word is added for each kind."""

    name: Text = Field(description="Name of the object on the platform.")
    cluster: Text | None = Field(None, description="Cluster, only where the scope's name exists on several.")
    target: Text | None = Field(None, description="Target, only where the fleet has several of the provider.")
    labels: dict[str, Text] | None = Field(None, description="For selection with -l; not sent.")


class LifecyclePart(Part):
    """State what may happen to the object over its life."""

    state: Literal["Running", "Stopped", "Absent"] | None = Field(
        None, description="Wanted state. Default Running. Stopped: kinds that can be stopped."
    )
    run: Literal["Once", "OnFailure", "OnChange", "Always"] | None = Field(
        None, description="When a finished job runs again. Default Once. Kinds that finish."
    )
    run_id: Text | None = Field(None, max_length=63, description="A new one is a new run. Kinds that finish.")
    on_remove: Literal["Delete", "Stop", "Keep"] | None = Field(
        None, description="What happens when the manifest goes away. Default Delete."
    )
    on_immutable_change: Literal["Refuse", "Replace"] | None = Field(
        None, description="What a change does that the platform cannot make in place. Default Refuse."
    )
    on_secret_change: Literal["Keep", "Replace"] | None = Field(
        None, description="What a changed secret does where it cannot be patched. Default Keep."
    )
    on_platform_stop: Literal["Leave", "Resume"] | None = Field(
        None, description="What a stop by the platform leads to. Default Leave. Kinds that can be stopped."
    )
    protect: StrictBool | None = Field(None, description="Never delete, replace or stop. Default false.")
    ignore: list[Text] | None = Field(
        None, description="Pointers such as /spec/args that are not compared and never sent in an update."
    )
    adopt: Text | None = Field(None, description="Platform id of an object that cannot carry a mark.")


class HealthPart(Part):
    """State how long to wait for health."""

    timeout: Duration | None = Field(None, description="How long to wait in all. Default 20m.")
    queue_timeout: Duration | None = Field(None, description="How long to wait for capacity. Default 60s.")
    hold: Duration | None = Field(None, description="How long a verdict must hold. Default 10s.")
    log_tail: Annotated[StrictInt, Field(ge=0, le=10_000)] | None = Field(
        None, description="Log lines kept per pod. Default 50."
    )


class Reference(Part):
    """Name another object of the fleet."""

    kind: Text = Field(description="Its kind.")
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

    max_destroy: AtMost | None = Field(None, description="Objects a plan may end. Default 10, 20 percent.")
    max_create: AtMost | None = Field(None, description="Objects a plan may create. Default 50, 100 percent.")
    max_gpu_hours_lost: Amount | None = Field(
        None, description="GPU-hours spent by what a plan ends. Default 500."
    )


class FleetPart(Part):
    """Describe a fleet file, all but its targets."""

    metadata: FleetMetadata = Field(description="Name and id.")
    manifests: list[Text] | None = Field(
        None, description="Files and folders, relative to this file. Default [manifests]."
    )
    vars: list[Variable] | None = Field(None, description="Environment variables that manifests may read.")
    secrets: list[Variable] | None = Field(None, description="The same, for secret values.")
    guard: Guard | None = Field(None, description="Limits for one plan.")
    allowed_hosts: list[Text] | None = Field(
        None, description="Hosts besides the targets' own that a token may be sent to, such as *.acme.com."
    )
    lifecycle: LifecyclePart | None = Field(None, description="Defaults for every manifest.")
    health: HealthPart | None = Field(None, description="Defaults for every manifest.")

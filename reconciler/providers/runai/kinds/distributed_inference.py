"""DistributedInference: a server of a model too large for one pod: groups of a leader and its workers."""

from __future__ import annotations

from typing import Literal

from reconciler.block import Port, Text, Whole, optional
from reconciler.providers.runai.kinds.access import ExternalUrl
from reconciler.providers.runai.kinds.container import ServingSecurity
from reconciler.providers.runai.kinds.pod import Pod
from reconciler.providers.runai.kinds.storage import GroupStorage
from reconciler.providers.runai.kinds.workload import Scheduled, Templated


class GroupPod(Pod):
    """Hold the spec of a leader's or a worker's pod."""

    security: ServingSecurity | None = optional("As whom the container runs, and what it may do.")
    storage: GroupStorage | None = optional("Volumes, by type.")


class GroupServingPort(ExternalUrl):
    """Say where the leaders listen, and who may call them."""

    port: Port | None = optional("Port of the leader that serves, 1 to 65535. Needed.")
    protocol: Literal["http"] | None = optional("Protocol spoken there. Default http, and nothing else.")
    authorization_type: (
        Literal["public", "authenticatedUsers", "authorizedUsers", "authorizedGroups"] | None
    ) = optional("Who may call. Default public.")
    authorized_users: list[Text] | None = optional("Users who may call. Excludes authorizedGroups.")
    authorized_groups: list[Text] | None = optional("Groups that may call. Excludes authorizedUsers.")


class DistributedInferenceSpec(Scheduled, Templated):
    """Hold the spec of a DistributedInference, in the platform's own names."""

    leader: GroupPod | None = optional("Spec of the leader's pod. Needed, unless a template brings it.")
    replicas: Whole | None = optional(
        "Groups of a leader and its workers, 0 to 1000. Default 1.", ge=0, le=1000
    )
    restart_policy: Literal["RecreateGroupOnPodRestart", "None"] | None = optional(
        "What happens to a group when one of its pods fails. Default RecreateGroupOnPodRestart."
    )
    serving_port: GroupServingPort | None = optional("Where it listens, and who may call.")
    startup_policy: Literal["LeaderCreated", "LeaderReady"] | None = optional(
        "When workers start: once the leader is there, or once it is ready. Default LeaderCreated."
    )
    worker: GroupPod | None = optional("Spec of the workers' pods. Needed when workers is above 0.")
    workers: Whole | None = optional(
        "Worker pods per group, the leader not among them, 0 to 1000. Default 0.", ge=0, le=1000
    )

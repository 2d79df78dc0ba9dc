"""Container: what runs inside a pod, its environment, its probe, its rights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.block import INT32, INT64, Block, Flag, Port, Text, Whole, optional
from reconciler.providers.runai.kinds.block import DnsName, excluded


class Pair(Block):
    """Set one label or annotation."""

    name: Text | None = optional("Key, 1 to 63 characters, prefix included.", min_length=1, max_length=63)
    value: Text | None = optional("Value; may be empty.")
    exclude: Flag | None = excluded()


class KeyRef(Block):
    """Point at one key of a Secret or ConfigMap in the project's namespace."""

    name: DnsName | None = optional("Name of the object, a DNS label.", min_length=1)
    key: Text | None = optional("Key inside it.", min_length=1)


class PodFieldRef(Block):
    """Point at a field of the pod itself."""

    path: Text | None = optional("Path of the field, such as `status.podIP`.", min_length=1)


class UserCredential(Block):
    """Point at a credential of the user who owns the workload."""

    name: Text | None = optional("Name of the credential.", min_length=1)
    key: Text | None = optional("Key inside it.", min_length=1)


class EnvironmentVariable(Block):
    """Set one environment variable, from exactly one source."""

    name: Text | None = optional("Name of the variable.", min_length=1)
    value: Text | None = optional("The value itself, at most 10,000 characters.")
    secret: KeyRef | None = optional("Take the value from a Kubernetes Secret.")
    config_map: KeyRef | None = optional("Take the value from a ConfigMap.")
    pod_field_ref: PodFieldRef | None = optional("Take the value from a field of the pod.")
    user_credential: UserCredential | None = optional(
        "Take the value from a credential of the submitting user. Needs control plane 2.24."
    )
    description: Text | None = optional("A note for people; not seen by the program.")
    exclude: Flag | None = excluded()


class ImagePullSecret(Block):
    """Name a Secret that opens the registry."""

    name: DnsName | None = optional("Name of the Secret, a DNS label.")
    user_credential: Flag | None = optional("The name is that of a credential of the user, not of a Secret.")
    exclude: Flag | None = excluded()


class HttpGet(Block):
    """Ask over HTTP; 200 to 399 is a success."""

    path: Text | None = optional("Path to ask for. Default `/`.", pattern=r"^(/[a-zA-Z0-9\-_./]*)?$")
    port: Port | None = optional("Port of the container, 1 to 65535.")
    host: Text | None = optional("Host name to ask. Default: the pod's address.")
    scheme: Literal["HTTP", "HTTPS"] | None = optional("Scheme to ask with. Default HTTP.")


class ProbeHandler(Block):
    """Say how a probe asks."""

    http_get: HttpGet | None = optional("Ask over HTTP.")


class ReadinessProbe(Block):
    """Say when a pod may receive requests. All times in seconds."""

    initial_delay_seconds: Whole | None = optional("Seconds to wait after the start.", ge=0, le=INT32)
    period_seconds: Whole | None = optional("Seconds between two probes.", ge=1, le=INT32)
    timeout_seconds: Whole | None = optional("Seconds until one probe counts as failed.", ge=1, le=INT32)
    success_threshold: Whole | None = optional("Successes in a row that make the pod ready.", ge=1, le=INT32)
    failure_threshold: Whole | None = optional("Failures in a row that make it not ready.", ge=1, le=INT32)
    handler: ProbeHandler | None = optional("How to ask. Needed.")


class Probes(Block):
    """Say how the platform asks the program how it is."""

    readiness: ReadinessProbe | None = optional("When the pod may receive requests.")


Capability = Literal[
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE",
    "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE",
    "NET_BROADCAST", "NET_RAW", "SETGID", "SETFCAP", "SETPCAP", "SETUID", "SYS_ADMIN", "SYS_BOOT",
    "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE",
    "SYS_TIME", "SYS_TTY_CONFIG", "SYSLOG", "WAKE_ALARM",
]  # fmt: skip

UserId = Annotated[Whole, Field(ge=0, le=INT64)]


class ContainerUser(Block):
    """Say as whom the container runs."""

    run_as_gid: UserId | None = optional("Group id to run as. Beside uidGidSource only with custom.")
    run_as_uid: UserId | None = optional("User id to run as. Beside uidGidSource only with custom.")


class ServingSecurity(ContainerUser):
    """Say as whom the container of an inference runs, and what it may do."""

    capabilities: list[Capability] | None = optional("Linux capabilities to add, without `CAP_`.")
    read_only_root_filesystem: Flag | None = optional("Mount the image's own file system read-only.")
    run_as_non_root: Flag | None = optional("Refuse to start as root.")
    seccomp_profile_type: Literal["RuntimeDefault", "Unconfined", "Localhost"] | None = optional(
        "Seccomp profile. The platform does not support Localhost yet."
    )
    supplemental_groups: Text | None = optional("More group ids, in one text with commas: `100,2000`.")
    uid_gid_source: Literal["fromTheImage", "fromIdpToken", "custom"] | None = optional(
        "Where user and group come from. Default fromTheImage."
    )


class Security(ServingSecurity):
    """Say as whom the container runs, and what it may do."""

    allow_privilege_escalation: Flag | None = optional("Let the program gain more rights than its parent.")
    host_ipc: Flag | None = optional("Share the node's IPC name space. Default false.")
    host_network: Flag | None = optional("Share the node's network. Default false.")

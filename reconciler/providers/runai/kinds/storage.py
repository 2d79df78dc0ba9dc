"""Storage: volumes of a pod, one list per type. Items with equal `name` in a policy are merged by it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.block import Block, Flag, Quantity, Text, optional
from reconciler.providers.runai.kinds.block import DnsName, FileMode, excluded

UUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
Uuid = Annotated[Text, Field(pattern=UUID, json_schema_extra={"format": "uuid"})]


def _name() -> str | None:
    named: str | None = optional("Name of this entry, for rules of a policy.", min_length=1)
    return named


def _mount() -> str | None:
    mounted: str | None = optional("Where it is mounted in the container. Needed.", min_length=1)
    return mounted


class AccessModes(Block):
    """Say who may mount a new claim."""

    read_write_once: Flag | None = optional("One node reads and writes. Default true.")
    read_only_many: Flag | None = optional("Many nodes read. Default false.")
    read_write_many: Flag | None = optional("Many nodes read and write. Default false.")


class AddedAttribute(Block):
    """Set one annotation on a new claim, as its storage class allows."""

    key: Text = Field(
        description="Key of the annotation, 1 to 63 characters.",
        min_length=1,
        max_length=63,
        pattern=r"^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$",
    )
    value: Text | None = optional("Its value.")


class ClaimInfo(Block):
    """Describe a claim that is to be made."""

    size: Quantity | None = optional("Size, in bytes with a suffix (`500Gi`). Needed for a new claim.")
    storage_class: DnsName | None = optional(
        "Storage class. Default: the cluster's default class.", min_length=1
    )
    access_modes: AccessModes | None = optional("Who may mount it. Default: readWriteOnce.")
    volume_mode: Literal["Filesystem", "Block"] | None = optional(
        "How the program sees it: as files, or as a raw device. Default Filesystem."
    )
    added_attr_values: list[AddedAttribute] | None = optional("Annotations of the new claim. Keyed by key.")


class Claim(Block):
    """Name a persistent volume claim, existing or new."""

    existing_pvc: Flag | None = optional(
        "The claim is there already. Default false: it is made when missing."
    )
    claim_name: Text | None = optional(
        "Name of the claim, at most 63 characters. Default for a new one: made from the workload's name.",
        min_length=1,
        max_length=63,
    )
    read_only: Flag | None = optional("Mount read-only. Default false.")
    claim_info: ClaimInfo | None = optional("What to make. For a new claim only.")


class Pvc(Claim):
    """Mount a persistent volume claim, existing or new."""

    name: Text | None = _name()
    path: Text | None = _mount()
    ephemeral: Flag | None = optional(
        "The claim is deleted, with its data, when the workload stops. Default false. Not for inference."
    )
    data_sharing: Flag | None = optional("Share the claim with the whole project or scope. Default false.")
    exclude: Flag | None = excluded()


class DataVolume(Block):
    """Mount a data volume of the platform."""

    id: Uuid | None = optional("Id of the data volume, a UUID. Needed.")
    mount_path: Text | None = _mount()
    exclude: Flag | None = excluded()


class ConfigMapVolume(Block):
    """Mount a ConfigMap as files."""

    name: Text | None = _name()
    config_map: DnsName | None = optional("Name of the ConfigMap. Needed.", min_length=1)
    mount_path: Text | None = _mount()
    sub_path: Text | None = optional("Mount only this path of it.", min_length=1)
    default_mode: FileMode | None = optional('Mode of the files, four octal digits as text: "0644".')
    exclude: Flag | None = excluded()


class SecretVolume(Block):
    """Mount a Secret as files."""

    name: Text | None = _name()
    mount_path: Text | None = _mount()
    default_mode: FileMode | None = optional('Mode of the files, four octal digits as text: "0400".')
    secret: Text | None = optional("Name of the Secret. Needed.", min_length=1)
    exclude: Flag | None = excluded()


class EmptyDirVolume(Block):
    """Mount scratch space that lives as long as the pod."""

    name: Text | None = _name()
    path: Text | None = _mount()
    medium: Text | None = optional("`Memory` for RAM; left out: the node's disk.", min_length=1)
    size_limit: Quantity | None = optional("Upper bound, in bytes with a suffix.")
    exclude: Flag | None = excluded()


class GitSecret(Block):
    """Point at the Secret that opens a private repository."""

    name: Text | None = optional("Name of the Secret.", min_length=1)
    authentication_method: Literal["password", "ssh-key"] | None = optional("What the Secret holds.")
    secret_key_of_user: Text | None = optional("Key of the user name in it. Default User.", min_length=1)
    secret_key_of_password: Text | None = optional(
        "Key of the password in it. Default Password.", min_length=1
    )


class Git(Block):
    """Copy a git repository into the container when it starts."""

    name: Text | None = _name()
    repository: Text | None = optional("URL of the repository. Needed.", min_length=1)
    branch: Text | None = optional("Branch to take.", min_length=1)
    revision: Text | None = optional("Commit or tag to take.", min_length=1)
    path: Text | None = _mount()
    password_secret: Text | None = optional(
        "Deprecated: use secretRef. Name of a Secret.", min_length=1, json_schema_extra={"deprecated": True}
    )
    secret_key_of_user: Text | None = optional(
        "Deprecated: use secretRef. Key of the user name. Default User.",
        min_length=1,
        json_schema_extra={"deprecated": True},
    )
    secret_key_of_password: Text | None = optional(
        "Deprecated: use secretRef. Key of the password. Default Password.",
        min_length=1,
        json_schema_extra={"deprecated": True},
    )
    secret_ref: GitSecret | None = optional("Secret that opens it. Needs control plane 2.23.")
    exclude: Flag | None = excluded()


class HostPath(Block):
    """Mount a directory of the node."""

    name: Text | None = _name()
    path: Text | None = optional("Directory on the node. Needed.", min_length=1)
    read_only: Flag | None = optional(
        "Mount read-only. State it: the platform's documents disagree on the default."
    )
    mount_path: Text | None = _mount()
    mount_propagation: Literal["None", "HostToContainer"] | None = optional(
        "See mounts made on the node later. One value for all hostPath items."
    )
    exclude: Flag | None = excluded()


class Nfs(Block):
    """Mount a directory of an NFS server."""

    name: Text | None = _name()
    path: Text | None = optional("Exported directory. Needed.", min_length=1)
    read_only: Flag | None = optional("Mount read-only. Default true.")
    server: Text | None = optional("Host name or address of the server. Needed.", min_length=1)
    mount_path: Text | None = _mount()
    exclude: Flag | None = excluded()


class S3(Block):
    """Copy an S3 bucket into the container when it starts."""

    name: Text | None = _name()
    bucket: Text | None = optional("Name of the bucket. Needed.", min_length=1)
    path: Text | None = _mount()
    url: Text | None = optional("Endpoint. Default: Amazon S3.", min_length=1)
    access_key_secret: DnsName | None = optional(
        "Secret with the credentials of a private bucket.", min_length=1
    )
    secret_key_of_access_key_id: Text | None = optional(
        "Key of the access key id in that Secret. Default AccessKeyId.", min_length=1
    )
    secret_key_of_secret_key: Text | None = optional(
        "Key of the secret key in that Secret. Default SecretKey.", min_length=1
    )
    exclude: Flag | None = excluded()


class GroupStorage(Block):
    """List the volumes of a pod of a distributed inference, by type."""

    config_map_volume: list[ConfigMapVolume] | None = optional("ConfigMaps as files.")
    empty_dir_volume: list[EmptyDirVolume] | None = optional("Scratch space.")
    pvc: list[Pvc] | None = optional("Persistent volume claims.")
    secret_volume: list[SecretVolume] | None = optional("Secrets as files.")


class ServingStorage(GroupStorage):
    """List the volumes of an inference, by type."""

    data_volume: list[DataVolume] | None = optional("Data volumes of the platform.")
    git: list[Git] | None = optional("Git repositories.")
    host_path: list[HostPath] | None = optional("Directories of the node.")
    nfs: list[Nfs] | None = optional("NFS exports.")


class Storage(ServingStorage):
    """List the volumes, by type."""

    s3: list[S3] | None = optional("S3 buckets.")

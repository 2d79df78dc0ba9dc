"""Read the Kubernetes manifest of a v2 request: decode it, name its type, place it."""

import base64
import binascii
import copy
from collections.abc import Mapping
from typing import Any

from reconciler.emulator.runai.errors import ApiError
from reconciler.emulator.runai.podspecs import at
from reconciler.emulator.runai.records import Project, Spec
from reconciler.emulator.runai.registry import Gvk, registered

Json = Any
PRIORITY_LABEL = "priorityClassName"
PREEMPTIBILITY_LABEL = "kai.scheduler/preemptibility"


def refused(message: str) -> ApiError:
    """Refuse a manifest in the bare words of the v2 API."""
    return ApiError(400, message)


def read_manifest(body: Mapping[str, Json]) -> Spec:
    """Give the manifest of a body, in either of its two forms.  Raises ApiError 400."""
    plain, encoded = body.get("manifest"), body.get("manifestBase64Encoded")
    if plain is not None and encoded is not None:
        raise refused("manifest and manifestBase64Encoded are mutually exclusive, provide only one")
    if plain is None and encoded is None:
        raise refused("either manifest or manifestBase64Encoded must be provided")
    found = plain if encoded is None else _decoded(encoded)
    if not isinstance(found, dict):
        raise refused("manifest must be an object")
    return found


def _decoded(encoded: Json) -> Json:
    if not isinstance(encoded, str):
        raise refused("manifestBase64Encoded must be a string")
    try:
        return read_yaml(base64.b64decode(encoded, validate=True).decode())
    except (binascii.Error, ValueError) as error:
        raise refused("failed to convert YAML to JSON") from error


def read_yaml(text: str) -> Json:
    """Read one YAML document as plain values.  Raises ValueError."""
    # Costly to import, and almost nobody sends YAML.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ValueError("not YAML") from error


def check_manifest(manifest: Spec) -> Gvk:
    """Tell the registered type of a manifest.  Raises ApiError 400."""
    for key in ("apiVersion", "kind"):
        if not isinstance(manifest.get(key), str) or not manifest[key]:
            raise refused(f"missing required field: {key}")
    if not isinstance(manifest.get("metadata", {}), dict):
        raise refused("manifest metadata is not a valid map")
    group, _, version = manifest["apiVersion"].rpartition("/")
    gvk = Gvk(group, version, manifest["kind"])
    if registered(gvk) is None:
        raise refused(f"workload type not found for GVK: {gvk}")
    return gvk


def label(manifest: Spec, name: str) -> str | None:
    """Read a label of a manifest."""
    labels = at(manifest, "metadata.labels")
    value = labels.get(name) if isinstance(labels, dict) else None
    return value if isinstance(value, str) else None


def placed(manifest: Spec, name: str, project: Project, meta: Mapping[str, Json]) -> Spec:
    """Give the manifest as the platform applies it: named, in its namespace, with its labels.

    What the request says about priority and preemptibility wins over the labels.
    """
    whole: Spec = copy.deepcopy(manifest)
    own = at(whole, "metadata.labels")
    labels = {**(own if isinstance(own, dict) else {}), "run.ai/project": project.name}
    if meta.get("priorityClass"):
        labels[PRIORITY_LABEL] = meta["priorityClass"]
    if meta.get("preemptibility"):
        labels[PREEMPTIBILITY_LABEL] = meta["preemptibility"]
    named = {**(whole.get("metadata") or {}), "name": name, "namespace": project.namespace}
    return {**whole, "metadata": {**named, "labels": labels}}

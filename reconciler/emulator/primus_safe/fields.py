"""How parts of a workload are spelt on the wire, in both generations."""

from collections.abc import Mapping
from typing import Any

from reconciler.emulator.primus_safe.records import Resource

Json = Any


def resource_fields(asked: Resource) -> dict[str, Json]:
    """Spell what a group of pods asks for; what is empty has no key."""
    texts = {
        "cpu": asked.cpu,
        "gpu": asked.gpu,
        "gpuName": asked.gpu_name,
        "memory": asked.memory,
        "sharedMemory": asked.shared_memory,
        "ephemeralStorage": asked.ephemeral,
        "rdmaResource": asked.rdma,
    }
    optional = {"gpu", "gpuName", "sharedMemory", "ephemeralStorage", "rdmaResource"}
    stated = {key: text for key, text in texts.items() if text or key not in optional}
    return {"replica": asked.replica, **stated}


def service_fields(service: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Spell a service; a port of the node that nobody chose has no key."""
    if service is None:
        return None
    spelt = {
        "protocol": service.get("protocol", ""),
        "port": service.get("port", 0),
        "targetPort": service.get("targetPort", 0),
        "serviceType": service.get("serviceType", ""),
    }
    for key in ("nodePort", "extends", "extraSelectors"):
        if service.get(key):
            spelt[key] = service[key]
    return spelt

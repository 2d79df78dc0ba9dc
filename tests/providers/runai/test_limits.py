"""Our limits of each field against those of the official client: where they differ, a reason stands here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.kind import Kind
from reconciler.providers.runai.kinds import KINDS
from tests.providers.runai.models import LIMITS, limits_of
from tests.providers.runai.test_matrix import CREATED_BY, offered, unwrapped

_INT32 = {"maximum": "the platform's documents say int32, which the client's models do not hold"}
_INT64 = {"maximum": "the documents say int64, which the client's models do not hold"}
_NOT_NEGATIVE = {"minimum": "Kubernetes, which it is handed to, takes no negative number"}
_PORT = dict.fromkeys(("minimum", "maximum"), "a port is 1 to 65535")
_SHARE = {"maximum": "a share of one device is at most the whole of it"}
_QUANTITY = {"pattern": "the platform's pattern admits what Kubernetes cannot read, such as 1..5 or 16kG"}
_UUID = {"pattern": "it is a UUID by its format"}
_MODE = dict.fromkeys(("minLength", "maxLength"), "the pattern says it") | {
    "pattern": "anchored: a fifth digit is none"
}
DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "activationReplicas": _INT32,
    "autoDeletionTimeAfterCompletionSeconds": _INT64 | _NOT_NEGATIVE,
    "autoscaling/maxReplicas": _INT32,
    "autoscaling/minReplicas": _INT32,
    "backoffLimit": _INT64 | _NOT_NEGATIVE,
    "completions": _INT32 | _NOT_NEGATIVE,
    "concurrencyHardLimit": _INT32,
    "cpuMemoryLimit": _QUANTITY,
    "cpuMemoryRequest": _QUANTITY,
    "dataVolume/id": _UUID,
    "dataVolume/mountPath": {"minLength": "nothing is mounted at an empty path"},
    "defaultMode": _MODE,
    "domain": dict.fromkeys(("minLength", "maxLength"), "the page about clusters says 1 to 253 characters"),
    "exposedUrls/container": _PORT,
    "failureThreshold": _INT32,
    "gpuDevicesRequest": _INT32,
    "gpuMemoryLimit": _QUANTITY,
    "gpuMemoryRequest": _QUANTITY,
    "gpuPortionLimit": _SHARE,
    "gpuPortionRequest": _SHARE,
    "httpGet/path": {"pattern": "the same, with / written as such"},
    "initialDelaySeconds": _INT32,
    "initialReplicas": _INT32,
    "initializationTimeoutSeconds": _INT32,
    "metricThreshold": _INT32,
    "parallelism": _INT32 | _NOT_NEGATIVE,
    "periodSeconds": _INT32,
    "ports/external": _PORT,
    "quantity": _QUANTITY | {"minLength": "the pattern says it"},
    "requestTimeoutSeconds": _INT32,
    "runAsGid": _INT64 | _NOT_NEGATIVE,
    "runAsUid": _INT64 | _NOT_NEGATIVE,
    "size": _QUANTITY,
    "sizeLimit": _QUANTITY,
    "successThreshold": _INT32,
    "templateId": _UUID,
    "terminationGracePeriodSeconds": _INT64,
    "timeoutSeconds": _INT32,
    "version": dict.fromkeys(("minLength", "maxLength"), "the page about clusters says 1 to 50 characters"),
}
"""Limits that are not the client's, by the end of a field's path, each with its reason."""


def reasons(path: str) -> Mapping[str, str]:
    return next((why for end, why in DIFFERENCES.items() if path.endswith(f"/{end}")), {})


def differences(kind: Kind) -> dict[str, tuple[Any, Any]]:
    """Give what differs between our fields and the client's, by path and limit."""
    ours = limits_of(kind.model())
    theirs = {unwrapped(path): limits for path, limits in limits_of(CREATED_BY[kind.name]).items()}
    return {
        f"{path} {limit}": (ours[path].get(limit), theirs[path].get(limit))
        for path in offered(kind)
        for limit in LIMITS
        if ours[path].get(limit) != theirs[path].get(limit)
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_limit_is_the_platforms_or_has_a_reason(kind: Kind) -> None:
    found = differences(kind)

    assert {
        name: pair for name, pair in found.items() if name.split()[1] not in reasons(name.split()[0])
    } == {}


def test_no_reason_stands_for_a_difference_that_is_gone() -> None:
    found = [name.split() for kind in KINDS for name in differences(kind)]

    needless = {
        (end, limit)
        for end, why in DIFFERENCES.items()
        for limit in why
        if not any(path.endswith(f"/{end}") and differs == limit for path, differs in found)
    }
    assert needless == set()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_limits_are_read_from_both(kind: Kind) -> None:
    ours, theirs = limits_of(kind.model()), limits_of(CREATED_BY[kind.name])

    assert all(limits["types"] for path, limits in ours.items() if path.endswith(("/image", "/domain")))
    if kind.name == "NimService":
        assert theirs["/spec/ngcAuthSecret"]["pattern"].startswith("^[a-z0-9]")
        assert theirs["/spec/replicas"] == {"types": {"integer"}, "minimum": 0, "maximum": 1000}
        assert theirs["/spec/servingPort/exposedProtocol"]["enum"] == ["grpc", "http"]

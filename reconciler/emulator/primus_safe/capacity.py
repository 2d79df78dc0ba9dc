"""What a node of a flavor can give to pods, and whether a pod fits on one."""

import math
from collections.abc import Mapping
from fractions import Fraction

from reconciler.emulator.primus_safe.errors import ApiError, aggregate, forbidden, insufficient
from reconciler.emulator.primus_safe.generations import Generation
from reconciler.emulator.primus_safe.quantity import Malformed, parse
from reconciler.emulator.primus_safe.records import Flavor, Resource, Spec

CPU, MEMORY, EPHEMERAL, RDMA = "cpu", "memory", "ephemeral-storage", "rdma/hca"
_MEMORY_RESERVE = _EPHEMERAL_RESERVE = 0.05
_EPHEMERAL_SHARE = 0.6
Amounts = Mapping[str, int]


def total(flavor: Flavor) -> dict[str, int]:
    """Count what a node has, by resource name, in whole units."""
    found = {CPU: parse(flavor.cpu).whole, MEMORY: parse(flavor.memory).whole}
    if flavor.gpu:
        found[flavor.gpu_name] = flavor.gpu
    kept = {name: text for name, text in flavor.extended.items() if name in {EPHEMERAL, RDMA}}
    return found | {name: parse(text).whole for name, text in kept.items()}


def available(flavor: Flavor, generation: Generation) -> dict[str, int]:
    """Count what a node gives to pods: the total less what is reserved, rounded up."""
    reserves = {
        CPU: generation.cpu_reserve,
        MEMORY: _MEMORY_RESERVE,
        EPHEMERAL: _EPHEMERAL_RESERVE,
    }
    return {name: whole - _part(whole, reserves.get(name, 0.0)) for name, whole in total(flavor).items()}


def _part(whole: int, share: float) -> int:
    return math.ceil(whole * Fraction(str(share)))


def request(asked: Resource) -> dict[str, int]:
    """Count what one pod asks for, in whole units, rounded up.

    Raises ApiError 400 for what is no quantity, or not above zero.
    """
    texts = {CPU: asked.cpu, MEMORY: asked.memory, EPHEMERAL: asked.ephemeral}
    if asked.gpu and asked.gpu_name:
        texts[asked.gpu_name] = asked.gpu
    if asked.rdma:
        texts[RDMA] = asked.rdma
    found: dict[str, int] = {}
    for name, text in texts.items():
        if not text:
            continue
        found[name] = _whole(text)
        least = 0 if name == asked.gpu_name else 1
        if found[name] < least:
            raise aggregate([f"invalid {name}: {text}"])
    return found


def _whole(text: str) -> int:
    try:
        return parse(text).whole
    except Malformed as wrong:
        raise aggregate([str(wrong)]) from None


def requested(spec: Spec) -> dict[str, int]:
    """Count what all pods of a workload ask for together."""
    sums: dict[str, int] = {}
    for each in spec.resources:
        for name, amount in request(each).items():
            sums[name] = sums.get(name, 0) + amount * each.replica
    return sums


def must_fit(asked: Resource, flavor: Flavor, generation: Generation) -> None:
    """Raise ApiError if a pod fits on no node, asks for odd shared memory, or for too much disk."""
    free = available(flavor, generation)
    needs = request(asked)
    for name, amount in needs.items():
        if amount > free.get(name, -1):
            said = f"{name}, request: {amount}, available: {free.get(name, 0)}"
            raise _short(said, generation)
    if asked.shared_memory and not 0 < _whole(asked.shared_memory) <= free[MEMORY]:
        raise aggregate(["invalid share memory"])
    most = int(total(flavor).get(EPHEMERAL, 0) * Fraction(str(min(1 - _EPHEMERAL_RESERVE, _EPHEMERAL_SHARE))))
    if needs.get(EPHEMERAL, 0) > most:
        raise _short(f"{EPHEMERAL}, request: {needs[EPHEMERAL]}, max: {most}", generation)


def _short(said: str, generation: Generation) -> ApiError:
    if generation.no_capacity == 503:
        return insufficient(said)
    return forbidden(f"Insufficient resource: {said}")

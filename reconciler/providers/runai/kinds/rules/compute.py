"""Rules for compute: GPU requests, limits, quantities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from reconciler.finding import (
    COMBINATION,
    NEEDED,
    QUANTITY,
    Part,
    found,
    is_open,
    number,
    part,
    segment_of,
)
from reconciler.pointer import item_key
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.canonical import QUANTITIES
from reconciler.quantity import quantity_value
from reconciler.resource import Json

_PORTION = ("gpuPortionRequest", "gpuPortionLimit")
_MEMORY = ("gpuMemoryRequest", "gpuMemoryLimit")
_BOUNDS = (
    ("cpuCoreRequest", "cpuCoreLimit"),
    ("cpuMemoryRequest", "cpuMemoryLimit"),
    ("gpuPortionRequest", "gpuPortionLimit"),
    ("gpuMemoryRequest", "gpuMemoryLimit"),
)


def gpu_request(pod: Part) -> Iterator[Problem]:
    """Ask that a part of a GPU is requested one way, and named as such."""
    compute = part(pod, "compute")
    asked = compute.get("gpuRequestType")
    if is_open(asked):
        return
    yield from _of_one_type(compute, asked, "portion", _PORTION)
    yield from _of_one_type(compute, asked, "memory", _MEMORY)
    devices = number(compute.get("gpuDevicesRequest"))
    if asked == "memory" and devices is not None and devices > 1:
        yield found(
            COMBINATION,
            compute.at("gpuRequestType"),
            f"is memory with gpuDevicesRequest: {devices:g}; above one device only portion is possible",
            "write gpuRequestType: portion with gpuPortionRequest, or leave both out for whole devices",
        )


def _of_one_type(compute: Part, asked: Json, word: str, fields: tuple[str, str]) -> Iterator[Problem]:
    if asked == word and not compute.has(fields[0]):
        yield found(
            NEEDED,
            compute.at(fields[0]),
            f"is missing: gpuRequestType is {word}",
            f"add {fields[0]}:, or leave gpuRequestType out for whole devices",
        )
    for field in fields:
        if compute.has(field) and asked != word:
            stated = f"gpuRequestType is {asked}" if asked else "gpuRequestType is not stated"
            yield found(
                COMBINATION,
                compute.at(field),
                f"needs gpuRequestType: {word}, but {stated}",
                f"write gpuRequestType: {word}, or remove {field}",
            )


def limits(pod: Part) -> Iterator[Problem]:
    """Ask that no limit lies below its request."""
    compute = part(pod, "compute")
    for request, limit in _BOUNDS:
        least, most = _amount(compute.get(request)), _amount(compute.get(limit))
        if least is not None and most is not None and most < least:
            yield found(
                COMBINATION,
                compute.at(limit),
                f"is {compute.get(limit)}, below {request}: {compute.get(request)}",
                f"raise {limit} or lower {request}",
            )


def _amount(value: Json) -> Fraction | None:
    return None if is_open(value) else quantity_value(value)


def quantities(pod: Part) -> Iterator[Problem]:
    """Ask that every amount can be read; texts filled in from variables pass no schema."""
    yield from _unreadable(pod.fields, pod.pointer)


def _unreadable(tree: Json, pointer: str) -> Iterator[Problem]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _unreadable_field(name, value, f"{pointer}/{name}")
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _unreadable(item, f"{pointer}/{segment_of(item_key(item) or str(index))}")


def _unreadable_field(name: str, value: Json, pointer: str) -> Iterator[Problem]:
    if name not in QUANTITIES or isinstance(value, dict | list):
        yield from _unreadable(value, pointer)
    elif isinstance(value, str) and not is_open(value) and quantity_value(value) is None:
        yield found(QUANTITY, pointer, f'is "{value}", not a quantity', "write a number with a suffix: 16Gi")

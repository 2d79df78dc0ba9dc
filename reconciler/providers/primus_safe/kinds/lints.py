"""Lints: what the server takes and nobody means, warned of before GPUs are held for it.

Pure functions from a spec to warnings with pointers. Each fires only where the manifest itself proves it: a
value still to be filled in is never guessed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

from reconciler.finding import Part, found, is_open, part, whole
from reconciler.problem import Problem
from reconciler.program import Program, script_of
from reconciler.providers.primus_safe.kinds.weight import gpus_of, gpus_of_pod
from reconciler.quantity import says_few_bytes
from reconciler.resource import Json

IDLE, PROCESSES, ENCODED, BYTES = "RC150", "RC153", "RC155", "RC156"
_AMOUNTS = ("memory", "ephemeralStorage", "sharedMemory")
_COUNTS = ("--nproc-per-node", "--num-gpus", "--tensor-parallel-size", "--tp", "-tp")
_SHORTEST = 12


def lint_job(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a PyTorchJob."""
    stated = whole(spec)
    yield from (*_of_program(stated), *_few_bytes(stated))
    words, gpus = _program(stated).idles, gpus_of(stated.fields)
    if words and gpus:
        held = f"{gpus:g} GPU{'' if gpus == 1 else 's'}"
        says = f'ends in "{words}": it does no work, never finishes, and holds {held}'
        hint = "run the program itself; to work in it by hand, declare kind: Authoring"
        yield found(IDLE, stated.at("entryPoint"), says, hint, warning=True)


def lint_application(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of a Deployment or a StatefulSet."""
    yield from (*_of_program(whole(spec)), *_few_bytes(whole(spec)))


def lint_authoring(spec: Mapping[str, Json]) -> Iterator[Problem]:
    """Warn of what is probably not meant in the spec of an Authoring machine."""
    yield from _few_bytes(whole(spec))


def _few_bytes(spec: Part) -> Iterator[Problem]:
    asked = part(spec, "resource")
    for name in _AMOUNTS:
        if says := says_few_bytes(asked.get(name)):
            hint = "write the suffix that is meant: 500Mi, 16Gi"
            yield found(BYTES, asked.at(name), says, hint, warning=True)


def _of_program(spec: Part) -> Iterator[Problem]:
    text = spec.get("entryPoint")
    if isinstance(text, str) and not is_open(text) and (script := _decoded(text)):
        says = f'is encoded already: it would run as it stands, not as "{script}"'
        yield found(ENCODED, spec.at("entryPoint"), says, "write the script itself", warning=True)
    wants, has = _program(spec).number(*_COUNTS), gpus_of_pod(spec.fields)
    if wants and has and wants > has:
        says = f"is {has:g}, but the program is told to use {wants} GPUs"
        hint = f'write gpu: "{wants}", or start {has:g} process{"" if has == 1 else "es"}'
        yield found(PROCESSES, "/spec/resource/gpu", says, hint, warning=True)


def _program(spec: Part) -> Program:
    text = spec.get("entryPoint")
    return script_of(None if is_open(text) else text)


def _decoded(text: str) -> str:
    """Give the first line of a script in base64; "" for what is no such text."""
    packed = text.strip()
    if len(packed) < _SHORTEST or " " in packed or "/" in packed[:1]:
        return ""
    try:
        script = base64.b64decode(packed, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    is_text = script.isprintable() or all(line.isprintable() for line in script.split("\n"))
    return script.strip().split("\n")[0][:40] if is_text and " " in script else ""

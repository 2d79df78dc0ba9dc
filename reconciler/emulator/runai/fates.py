"""What becomes of a container, read from what its image and command say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.runai.crew import Pod
from reconciler.emulator.runai.records import Role, Run, made_id

Json = Any

DEFAULT_SECONDS = 3600.0
OOM_AFTER_S = 8.0
CRASH_AFTER_S = 4.0
MISSING_IMAGES = frozenset(
    {
        "nvcr.io/nvidia/pytorch:99.01-py3",
        "ghcr.io/wattfield/forecaster:latset",
        "ghcr.io/wattfield/forecaster:v0.0.0",
    }
)
_NO_IMAGE = re.compile(r"does-not-exist|no-such")
_OOM = re.compile(r"(?<![a-z])oom(?![a-z])")
_CRASH = re.compile(r"(?<![a-z])(?:fails?|crash(?:es)?)(?![a-z])")
_SLEEP = re.compile(r"(?<![a-z])sleep\s+(\d+(?:\.\d+)?)")
# Longer values are data (records, certificates): a word inside them means nothing.
_WORDY_ENV = 64
FAILS = frozenset({"no-image", "oom", "crash"})


@dataclass(frozen=True, slots=True)
class Fate:
    """How a container ends: `runs`, `completes`, `no-image`, `oom` or `crash`, after `after_s`."""

    kind: str
    after_s: float = 0.0


def fate(spec: Mapping[str, Json], *, ends: bool) -> Fate:
    """Tell what happens to a container of this spec; `ends` is true for jobs."""
    image = str(spec.get("image") or "")
    if _NO_IMAGE.search(image) or image in MISSING_IMAGES:
        return Fate("no-image")
    text = _text(spec, image)
    if _OOM.search(text):
        return Fate("oom", OOM_AFTER_S)
    if _CRASH.search(text):
        return Fate("crash", CRASH_AFTER_S)
    if not ends or "sleep infinity" in text:
        return Fate("runs")
    return Fate("completes", _duration(spec, text))


def fate_of(roles: Sequence[Role], *, ends: bool) -> Fate:
    """Tell what happens to a group of pods, which is what happens to the one that decides."""
    found = decisive(roles, ends=ends)
    return fate(found.spec, ends=ends) if found else Fate("runs")


def decisive(roles: Sequence[Role], *, ends: bool) -> Role | None:
    """Find the role that decides: the first to fail, else the leader; workers lend a hand."""
    there = [(fate(role.spec, ends=ends), role) for role in roles if role.pods]
    failing = [pair for pair in there if pair[0].kind in FAILS]
    failing.sort(key=lambda pair: (pair[0].kind != "no-image", pair[0].after_s))
    return next((role for _, role in failing or there), None)


def teller(everyone: Sequence[Pod], run: Run, *, ends: bool) -> Pod | None:
    """Find the pod that the news is about: of those that fail alike any may be the first.

    A launcher speaks for its ranks.
    """
    role = decisive(run.roles, ends=ends)
    if role is None:
        return None
    alike = [pod for pod in everyone if pod.role.spec == role.spec and pod.role.pods]
    is_failing = fate(role.spec, ends=ends).kind in FAILS
    if not alike or not is_failing or alike[0].role.name == "launcher":
        return next((pod for pod in everyone if pod.role == role), None)
    return alike[int(made_id(run.id, "first to fail")[:8], 16) % len(alike)]


def env_map(spec: Mapping[str, Json]) -> dict[str, str]:
    """Give the literal environment, name to value."""
    return {
        str(item["name"]): str(item.get("value") or "")
        for item in spec.get("environmentVariables") or ()
        if item.get("name") and not item.get("exclude")
    }


def is_asleep(spec: Mapping[str, Json]) -> bool:
    """Tell whether a container does nothing but wait: it leaves its GPUs idle."""
    return str(spec.get("command") or "").split(" ")[0].rpartition("/")[2] == "sleep"


def _text(spec: Mapping[str, Json], image: str) -> str:
    env = [value for value in env_map(spec).values() if len(value) < _WORDY_ENV]
    parts = [image, str(spec.get("command") or ""), str(spec.get("args") or ""), *env]
    return "\n".join(parts).lower()


def _duration(spec: Mapping[str, Json], text: str) -> float:
    asked = env_map(spec).get("EMULATOR_SECONDS", "")
    if asked.replace(".", "", 1).isdigit():
        return float(asked)
    slept = _SLEEP.search(text)
    return float(slept.group(1)) if slept else DEFAULT_SECONDS

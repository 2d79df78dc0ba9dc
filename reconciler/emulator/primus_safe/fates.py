"""What becomes of a workload, read from what its images, commands and environment say."""

import re
from dataclasses import dataclass

from reconciler.emulator.primus_safe.base64text import decoded
from reconciler.emulator.primus_safe.kinds import is_application
from reconciler.emulator.primus_safe.names import made_uuid
from reconciler.emulator.primus_safe.records import Spec

DEFAULT_SECONDS = 3600.0
_NO_IMAGE = re.compile(r"does-not-exist|no-such")
_WORDS: tuple[tuple[str, re.Pattern[str], float], ...] = (
    ("rccl", re.compile(r"(?<![a-z])(?:rccl|nccl)[-_ ]?(?:timeout|hang)"), 30.0),
    ("hip", re.compile(r"(?<![a-z])hip[-_ ]?error(?![a-z])"), 6.0),
    ("oom", re.compile(r"(?<![a-z])oom(?![a-z])"), 8.0),
    ("crash", re.compile(r"(?<![a-z])(?:fails?|crash(?:es)?)(?![a-z])"), 4.0),
)
_SLEEP = re.compile(r"(?<![a-z])sleep\s+(\d+(?:\.\d+)?)")
# Longer values are data: a word inside them means nothing.
_WORDY_ENV = 64
FAILS = frozenset({"rccl", "hip", "oom", "crash"})


@dataclass(frozen=True, slots=True)
class Fate:
    """How a run ends by itself: `runs`, `completes`, `no-image`, or one of FAILS, after `after_s`."""

    kind: str
    after_s: float = 0.0


def fate(spec: Spec, run: int) -> Fate:
    """Tell what happens to a run, counted from 1.

    EMULATOR_FAILS=n lets the first n runs fail and the others be; EMULATOR_SECONDS says how long
    one takes.
    """
    if any(_NO_IMAGE.search(image) for image in spec.images or ()):
        return Fate("no-image")
    text = _text(spec)
    fails = (spec.env or {}).get("EMULATOR_FAILS", "")
    if fails.isdigit() and run <= int(fails):
        return next((Fate(kind, s) for kind, word, s in _WORDS if word.search(text)), Fate("crash", 4.0))
    if not fails.isdigit():
        found = next((Fate(kind, s) for kind, word, s in _WORDS if word.search(text)), None)
        if found is not None:
            return found
    if is_application(spec.kind) or spec.kind == "Authoring" or "sleep infinity" in text:
        return Fate("runs")
    return Fate("completes", _duration(spec, text))


def kind_of_death(kind: str, spec: Spec) -> str:
    """Tell an `oom` of the GPU from one of the machine: who has GPUs runs out of those first."""
    if kind != "oom":
        return kind
    return "hip-oom" if any(each.gpu for each in spec.resources) else "killed"


def first_rank(id_: str, run: int, replicas: int) -> int:
    """Tell which rank fails first: any may be it."""
    return int(made_uuid(id_, run, "first to fail")[:8], 16) % max(replicas, 1)


def command_of(spec: Spec) -> str:
    """Give the commands as text."""
    return "\n".join(decoded(point) for point in spec.entry_points or ())


def _text(spec: Spec) -> str:
    env = [
        value
        for key, value in (spec.env or {}).items()
        if len(value) < _WORDY_ENV and key != "EMULATOR_FAILS"
    ]
    return "\n".join([*(spec.images or ()), command_of(spec), *env]).lower()


def _duration(spec: Spec, text: str) -> float:
    asked = (spec.env or {}).get("EMULATOR_SECONDS", "")
    if asked.replace(".", "", 1).isdigit():
        return float(asked)
    slept = _SLEEP.search(text)
    return float(slept.group(1)) if slept else DEFAULT_SECONDS

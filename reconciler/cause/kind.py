"""The causes there are, what they are called for people, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Cause(StrEnum):
    """Name the classes of what makes a workload fail."""

    GPU_MEMORY = "gpu-memory"
    HOST_MEMORY = "host-memory"
    COLLECTIVE = "collective"
    IMAGE = "image"
    REFERENCE = "reference"
    DISK = "disk"
    TRACEBACK = "traceback"
    COMMAND = "command"
    QUOTA = "quota"
    NODE = "node"
    CRASH = "crash"
    ASSERTION = "assertion"


@dataclass(frozen=True, slots=True)
class About:
    """Say a cause in words that follow an object's key, and what to do about it."""

    words: str
    hint: str


ABOUT: Mapping[Cause, About] = MappingProxyType(
    {
        Cause.GPU_MEMORY: About(
            "ran out of GPU memory",
            "use a smaller batch or sequence, shard or offload the model, or ask for more or larger GPUs",
        ),
        Cause.HOST_MEMORY: About("ran out of memory", "ask for more memory, or make the program use less"),
        Cause.COLLECTIVE: About(
            "waited for other ranks until it gave up",
            "see what the first rank and its node were doing: a rank that hangs, differs or is unreachable",
        ),
        Cause.IMAGE: About("cannot pull its image", "check the tag, and the credentials for the registry"),
        Cause.REFERENCE: About(
            "names a secret, configuration or volume that cannot be used",
            "create it where the workload runs, or correct its name in the manifest",
        ),
        Cause.DISK: About(
            "ran out of disk space",
            "free space or use a larger volume; for /dev/shm set compute.largeShmRequest",
        ),
        Cause.TRACEBACK: About(
            "raised an exception that nothing caught", "the exception is the program's own: mend it there"
        ),
        Cause.COMMAND: About(
            "could not be started as it was told", "check command, args, workingDir and what the image holds"
        ),
        Cause.QUOTA: About(
            "waits for quota or for what others hold, or gave way to them",
            "ask for less, or raise the quota or the priority",
        ),
        Cause.NODE: About(
            "lost its node or a GPU",
            "run it again elsewhere; report the node to whoever runs the cluster",
        ),
        Cause.CRASH: About(
            "crashed in native code",
            "look for a library that does not fit this GPU, driver or CPU; a core dump tells more",
        ),
        Cause.ASSERTION: About(
            "failed a check of its own", "the program found its input or shape wrong: see what it checked"
        ),
    }
)

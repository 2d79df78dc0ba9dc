"""Names of objects: how ids are made, and which names are refused."""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX, _LONGEST_STEM = 5, 57
FIRST_LONGEST = 45
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KEY_PART = re.compile(r"[a-z0-9]([a-zA-Z0-9._-]{0,62}[a-z0-9])?")
# How long the server says that a name of a kind may be; its pattern lets two more through.
LONGEST: Mapping[str, int] = MappingProxyType(
    {
        "PyTorchJob": 44, "UnifiedJob": 44, "Authoring": 44, "Deployment": 40, "StatefulSet": 40,
        "DynamoDeployment": 40, "TorchFT": 36, "AutoscalingRunnerSet": 39, "RayJob": 36, "MonarchJob": 48,
    }
)  # fmt: skip
_LONGEST_OTHER = 57


def made_uuid(*seed: object) -> str:
    """Make a uuid that only the seed decides."""
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def suffix(*seed: object) -> str:
    """Make the random tail of an id, of letters and digits that spell no words."""
    number = int.from_bytes(hashlib.sha256("/".join(map(str, seed)).encode()).digest()[:8], "big")
    letters = []
    for _ in range(_SUFFIX):
        number, letter = divmod(number, len(SUFFIX_ALPHABET))
        letters.append(SUFFIX_ALPHABET[letter])
    return "".join(letters)


def generated(display_name: str, *seed: object) -> str:
    """Make the id of a new workload; nothing for a name that is nothing."""
    return f"{display_name[:_LONGEST_STEM]}-{suffix(*seed)}" if display_name else ""


def normalised(name: str) -> str:
    """Do what the webhook does to the name of an object."""
    return name.strip().lower().replace("_", "-").replace("\r", "").replace("\n", "")


def metadata_faults(id_: str, display_name: str) -> Iterator[str]:
    """Say what Kubernetes has against the name of an object and the label that shows it."""
    if not id_:
        yield "metadata.name: Required value: name or generateName is required"
    elif len(id_) > 253 or not _OBJECT.fullmatch(id_):
        yield (
            f'metadata.name: Invalid value: "{id_}": a lowercase RFC 1123 subdomain must consist of lower '
            "case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        )
    if len(display_name) > 63:
        yield f'metadata.labels: Invalid value: "{display_name}": must be no more than 63 characters'
    if not _LABEL.fullmatch(display_name):
        yield (
            f'metadata.labels: Invalid value: "{display_name}": a valid label must be an empty string or '
            "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character"
        )


def is_dns_name(name: str, longest: int) -> bool:
    """Whether a name is one of two to `longest` + 2 small letters, digits and dashes."""
    return re.fullmatch(rf"[a-z][-a-z0-9]{{0,{longest}}}[a-z0-9]", name) is not None


def dns_complaint(name: str, longest: int) -> str:
    """Say what a name may be made of."""
    return (
        f"the name({name}) must consist of 1 to {longest} lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character"
    )


def longest_of(kind: str) -> int:
    """Tell how long the name of a kind may be, as the second generation counts."""
    return LONGEST.get(kind, _LONGEST_OTHER)


def is_label_key(key: str) -> bool:
    """Whether a key of the customer labels is one that the second generation takes."""
    parts = key.split("/")
    return len(parts) <= 2 and all(_KEY_PART.fullmatch(part) for part in parts)

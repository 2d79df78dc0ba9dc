"""Texts with interpolations, filled in from an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.pointer import escaped
from reconciler.resource import Json
from reconciler.secret import Secret
from reconciler.validate.interpolation import Use, uses

Missing = Callable[[str, Use], None]
"""Told about each name the environment lacks, with the pointer of its text."""


@dataclass(frozen=True, slots=True)
class Names:
    """Say which names may be read, which of them are secret, and where their values are."""

    environ: Mapping[str, str]
    secret: frozenset[str]

    def is_secret(self, use: Use) -> bool:
        """Tell whether a name is secret: a name that is secret anywhere is secret everywhere."""
        return use.store == "secrets" or use.name in self.secret


def filled(value: Json, names: Names, missing: Missing, pointer: str = "") -> Json:
    """Give a new tree with every interpolation filled in; texts that hold a secret become Secret."""
    if isinstance(value, Mapping):
        return {key: filled(item, names, missing, f"{pointer}/{escaped(key)}") for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names, missing, f"{pointer}/{index}") for index, item in enumerate(value)]
    if isinstance(value, str) and "${{" in value:
        return _filled_text(value, names, missing, pointer)
    return value


def _filled_text(text: str, names: Names, missing: Missing, pointer: str) -> str | Secret:
    """Fill one text. `reference` is the text with `secret:NAME` in place of each secret."""
    reference: list[str] = []
    opened: list[str] = []
    end, holds_secret, is_known = 0, False, True
    for use in uses(text):
        found = names.environ.get(use.name)
        if found is None:
            missing(pointer, use)
        is_secret = names.is_secret(use)
        holds_secret = holds_secret or is_secret
        is_known = is_known and found is not None
        between = text[end : use.start]
        reference += [between, f"secret:{use.name}" if is_secret else found or ""]
        opened += [between, found or ""]
        end = use.end
    rest = text[end:]
    if not holds_secret:
        return "".join(opened) + rest
    return Secret("".join(reference) + rest, "".join(opened) + rest if is_known else None)

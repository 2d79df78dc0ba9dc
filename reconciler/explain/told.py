"""Told: what explain found about a field, a problem code or an exit code, as values to be written."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import ExitCode
from reconciler.field import Field
from reconciler.kind import NOTHING, Kind
from reconciler.resource import Json


@dataclass(frozen=True, slots=True)
class FieldTold:
    """Tell of one field. `note` says how the path asked for leads to it; `kind` is None for the fleet.

    `example` are lines of YAML. `changes` says what a change of it does to the live object, `also` holds
    the words that mean it elsewhere.
    """

    title: str
    field: Field
    kind: Kind | None = None
    default: Json = NOTHING
    changes: str = ""
    since: str = ""
    example: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class CodeTold:
    """Tell of one problem code: what it stands for, what it means, what brings it about, what to do.

    `example` is a manifest, a fleet file, or what the program says.
    """

    code: str
    stands_for: str
    means: str
    example: str
    mend: str


@dataclass(frozen=True, slots=True)
class ExitTold:
    """Tell of one exit code: what it means, as the docs have it, and what to do."""

    code: ExitCode
    means: str
    mend: str

    @property
    def label(self) -> str:
        """Give its name."""
        return self.code.label


Told = FieldTold | CodeTold | ExitTold

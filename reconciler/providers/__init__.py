"""Providers: one folder each, found by listing this package. They do not know each other.

A folder's `__init__` offers `NAME`, `KINDS` (data, cheap to import), `TargetModel()` (a function that
loads the pydantic model of its target block) and `connect(target, ...)`, which alone loads the network.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType

from reconciler.kind import Kind


@cache
def providers() -> Mapping[str, ModuleType]:
    """Find every provider by the name it gives itself, such as `runai`."""
    found = [
        importlib.import_module(f"{__name__}.{entry.name}")
        for entry in pkgutil.iter_modules(__path__)
        if entry.ispkg
    ]
    return {module.NAME: module for module in found}


@cache
def kinds() -> Mapping[tuple[str, str], Kind]:
    """Find every kind of every provider by (apiVersion, kind)."""
    every = [kind for module in providers().values() for kind in module.KINDS]
    return {(kind.api_version, kind.name): kind for kind in every}

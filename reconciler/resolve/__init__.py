"""Resolve what manifests leave open: variables, secrets, targets, and where a scope really is.

Lives here: interpolation and placing. Reads the environment it is handed and nothing else; no network.
"""

from __future__ import annotations

from reconciler.resolve.excerpt import with_excerpt
from reconciler.resolve.place import named_scopes, place, unseen
from reconciler.resolve.target import describe_secret, doubt_credentials, remark_on, resolve_target
from reconciler.resolve.variables import Resolved, missing_secrets, resolve

__all__ = [
    "Resolved",
    "describe_secret",
    "doubt_credentials",
    "missing_secrets",
    "named_scopes",
    "place",
    "remark_on",
    "resolve",
    "resolve_target",
    "unseen",
    "with_excerpt",
]

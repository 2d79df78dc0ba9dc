"""Blocks of Run:ai alone: the plain values that only its specs hold, and the marker of an item."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from reconciler.block import Text, optional

DNS = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"

DnsName = Annotated[Text, Field(pattern=DNS)]
FileMode = Annotated[Text, Field(pattern=r"^0[0-7]{3}$")]


def excluded() -> Any:
    """Describe the marker that takes an item of a policy's defaults away."""
    return optional("Take away the item of this name that a policy would add. Default false. Never compared.")

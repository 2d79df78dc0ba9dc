"""Blocks: how every part of a spec is modelled, and the plain values that parts are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic.alias_generators import to_camel

QUANTITY = r"^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkKMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?$"
"""A number with the suffixes that Kubernetes reads."""

INT32, INT64 = 2**31 - 1, 2**63 - 1
"""The most that a number of these formats holds."""

Text = StrictStr
Flag = StrictBool
Whole = StrictInt
Real = Annotated[StrictFloat, Field(allow_inf_nan=False)]
Quantity = Annotated[StrictStr, Field(pattern=QUANTITY, json_schema_extra={"format": "quantity"})]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]


class Block(BaseModel):
    """Model one object of a spec: the platform's camelCase names, nothing beyond them, all optional."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=False, validate_by_alias=True
    )


def optional(description: str, **limits: Any) -> Any:
    """Describe a field that may be left out or null; `limits` are pydantic's (`ge`, `max_length`)."""
    return Field(default=None, description=description, **limits)

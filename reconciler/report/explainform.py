"""Write what explain found as a document for machines."""

from __future__ import annotations

from typing import Any

from reconciler.errors import ExitCode
from reconciler.explain.told import CodeTold, ExitTold, FieldTold, Told
from reconciler.kind import NOTHING
from reconciler.report.jsonform import head


def explained_document(told: Told) -> dict[str, Any]:
    """Give an explanation as a document."""
    form = _field_form(told) if isinstance(told, FieldTold) else _code_form(told)
    return {**head("explanation", ExitCode.IN_ORDER), **form}


def _field_form(told: FieldTold) -> dict[str, Any]:
    field = told.field
    return {
        "field": told.title,
        "note": told.note or None,
        "pointer": field.pointer,
        "description": field.description or None,
        "types": list(field.types),
        "takes": field.takes,
        "required": field.is_required,
        "default": None if told.default is NOTHING else told.default,
        "hasDefault": told.default is not NOTHING,
        "allowed": [{"value": value, "means": field.meanings.get(str(value))} for value in field.allowed],
        "unit": field.unit or None,
        "change": told.changes or None,
        "needs": told.since or None,
        "alsoCalled": list(told.also),
        "example": "\n".join(told.example) or None,
        "fields": [
            {"name": below.name, "takes": below.takes, "required": below.is_required}
            for below in field.fields
        ],
    }


def _code_form(told: CodeTold | ExitTold) -> dict[str, Any]:
    if isinstance(told, ExitTold):
        return {"exitCode": int(told.code), "name": told.label, "means": told.means, "whatToDo": told.mend}
    return {
        "code": told.code,
        "standsFor": told.stands_for,
        "means": told.means,
        "example": told.example,
        "whatToDo": told.mend,
    }

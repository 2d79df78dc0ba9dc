"""Shapes that schemas of documents are made of, draft 2020-12."""

from __future__ import annotations

from typing import Any

from reconciler.cause import Cause
from reconciler.errors import ExitCode
from reconciler.health import Level
from reconciler.problem import Severity
from reconciler.report.jsonform import FORMAT

Schema = dict[str, Any]


def head(document: str) -> dict[str, Schema]:
    """State the keys that every document starts with."""
    code = {"enum": [int(c) for c in ExitCode], "description": "The number."}
    name = {"enum": [c.label for c in ExitCode], "description": "The same as a word."}
    return {
        "formatVersion": {
            "const": FORMAT,
            "description": "Within one major version no key changes its meaning.",
        },
        "document": {"const": document, "description": "Which document this is."},
        "toolVersion": text("Version of reconciler that wrote it."),
        "exit": {**closed({"code": code, "name": name}), "description": "How the command ended."},
    }


def field_shape() -> dict[str, Schema]:
    """State one field that differs."""
    return {
        "pointer": text("Where the field is; list items go by their key: /spec/ports/container=80."),
        "before": {"description": "The live value; null where there is none."},
        "after": {"description": "Git's value; null where there is none."},
        "sensitive": truth("Whether the values are hidden."),
        "inPlace": truth("Whether the platform changes it without a new object."),
        "origin": {
            "enum": ["git", "live", "both", None],
            "description": "Which side moved since the last apply; null where that is not known.",
        },
        "source": {**ref("source"), "description": "Where git states it."},
    }


def problem_shape() -> dict[str, Schema]:
    """State one problem."""
    return {
        "code": {
            "type": "string",
            "pattern": r"^RC[0-9]{3}$",
            "description": "Its code; docs/exit-codes.md.",
        },
        "severity": {"enum": [str(severity) for severity in Severity], "description": "How bad it is."},
        "what": text("What was found."),
        "why": text_or_null("Why that is a problem."),
        "hint": text_or_null("What to do."),
        "subject": text_or_null("The object it is about, by its key."),
        "pointer": text_or_null("The field it is about."),
        "source": {**ref("source"), "description": "Where it stands in a file."},
    }


def commit_shape() -> dict[str, Schema]:
    """State a commit."""
    return {
        "hash": text("Its whole hash."),
        "time": text("When it was committed, RFC 3339, in UTC."),
        "author": text("Name of its author."),
    }


def diagnosis_shape() -> dict[str, Schema]:
    """State what kind of cause was found for an object that is not well."""
    return {
        "cause": {"enum": [str(cause) for cause in Cause], "description": "Its class."},
        "words": text("The same in words that follow the object's key."),
        "hint": text("What to do about it."),
        "line": text_or_null("The first line that says so; null where none does."),
        "pod": text_or_null("The pod that printed it; null where the platform says it."),
        "lineNumber": {
            "type": ["integer", "null"],
            "description": "Its place, from 1, among the lines kept of that pod; null where it stood before.",
        },
        "rank": {"type": ["integer", "null"], "description": "The rank that failed first, where it is told."},
    }


def health_shape() -> dict[str, Schema]:
    """State how one object is."""
    pod = {
        "name": text("Its name."),
        "phase": text("Its phase."),
        "reason": text("Kubernetes' word for it; empty where there is none."),
        "restarts": whole_number("How often it was restarted."),
    }
    return {
        "health": {"enum": [str(level) for level in Level], "description": "Its grade on Argo's scale."},
        "phase": text("The platform's word."),
        "reason": text_or_null("The platform's reason."),
        "message": text_or_null("The platform's message."),
        "stuck": truth("Whether it waits for what waiting cannot bring."),
        "source": text_or_null("Who said so."),
        "notes": list_of(text("A note."), "What could not be asked."),
        "pods": list_of(closed(pod), "Its pods."),
    }


def failure_shape() -> dict[str, Schema]:
    """State what a failed read adds to a problem."""
    return {
        "target": text("The target that was asked."),
        "verb": text("What was tried."),
        "status": {"type": ["integer", "null"], "description": "HTTP status; null where none came."},
        "said": text("What the platform said, cut."),
    }


def key_shape() -> dict[str, Schema]:
    """State a key, whole and in its parts."""
    return {
        "key": text("The whole key: SCOPE/Kind/name."),
        "target": text("Its target."),
        "scope": text("Its project or workspace; empty where a kind has none."),
        "kind": text("Its kind."),
        "name": text("Its name."),
    }


def source_shape() -> dict[str, Schema]:
    """State a place in a file."""
    place = {"type": ["integer", "null"], "minimum": 1}
    return {
        "file": text("Path of the file."),
        "line": {**place, "description": "Line, from 1."},
        "column": {**place, "description": "Column, from 1."},
    }


def text(description: str) -> Schema:
    """State a text."""
    return {"type": "string", "description": description}


def text_or_null(description: str) -> Schema:
    """State a text that may be null."""
    return {"type": ["string", "null"], "description": description}


def truth(description: str) -> Schema:
    """State a boolean."""
    return {"type": "boolean", "description": description}


def whole_number(description: str) -> Schema:
    """State a count."""
    return {"type": "integer", "minimum": 0, "description": description}


def number(description: str) -> Schema:
    """State an amount."""
    return {"type": "number", "minimum": 0, "description": description}


def list_of(items: Schema, description: str) -> Schema:
    """State a list."""
    return {"type": "array", "items": items, "description": description}


def map_of(values: Schema) -> Schema:
    """State an object whose keys are names and whose values have one shape."""
    return {"type": "object", "additionalProperties": values}


def hex_digits(count: int) -> Schema:
    """State a text of lower hexadecimal digits."""
    return {"type": "string", "pattern": f"^[0-9a-f]{{{count}}}$"}


def closed(properties: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """State an object that has these properties, all of them, perhaps the optional ones, and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties | (optional or {}),
    }


def maybe(schema: Schema) -> Schema:
    """State something that may be null."""
    return {"anyOf": [{"type": "null"}, schema]}


def ref(name: str) -> Schema:
    """Name a part of the same schema."""
    return {"$ref": f"#/$defs/{name}"}

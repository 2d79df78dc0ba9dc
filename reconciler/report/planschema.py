"""State the shape of the plan document, draft 2020-12; a test holds real plans against it."""

from __future__ import annotations

from typing import Any

from reconciler.errors import ExitCode
from reconciler.plan.change import Action
from reconciler.problem import Severity
from reconciler.report.jsonform import FORMAT
from reconciler.resource import Life

Schema = dict[str, Any]

_ACTIONS = {
    Action.CREATE: "It is not live and will be made.",
    Action.UPDATE: "It is changed in place.",
    Action.REPLACE: "It is deleted and created again.",
    Action.RERUN: "It has ended and runs once more: it is deleted and created again.",
    Action.DELETE: "Its manifest went away.",
    Action.KEEP: "Nothing is sent for it.",
    Action.DEFERRED: "Its turn has not come; a later run does it.",
    Action.REFUSED: "It will not be done without a consent or a change in git.",
    Action.UNKNOWN: "It could not be read, so nothing is done.",
}


def plan_schema() -> Schema:
    """Give the schema of what `plan -o json` writes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler plan",
        "description": "Everything that apply would do, and whether it may. What plan -o json writes.",
        **_closed({**_head(), **_origin(), **_contents()}),
        "$defs": {
            "change": _closed({**_key(), **_change(), **_consequences()}),
            "field": _closed(_field()),
            "problem": _closed(_problem()),
            "failure": _closed(_problem() | _failure()),
            "source": _maybe(_closed(_source())),
        },
    }


def _head() -> dict[str, Schema]:
    code = {"enum": [int(c) for c in ExitCode], "description": "The number."}
    name = {"enum": [c.label for c in ExitCode], "description": "The same as a word."}
    return {
        "formatVersion": {
            "const": FORMAT,
            "description": "Within one major version no key changes its meaning.",
        },
        "document": {"const": "plan", "description": "Which document this is."},
        "toolVersion": _text("Version of reconciler that wrote it."),
        "exit": {**_closed({"code": code, "name": name}), "description": "How the command ended."},
    }


def _origin() -> dict[str, Schema]:
    fleet = _closed({"id": _text("Its id, which decides ownership."), "name": _text("Its name, for people.")})
    prune = _closed({"on": _truth("Whether this run prunes."), "why": _text("If not, why not.")})
    return {
        "fleet": {**fleet, "description": "The fleet that the plan is of."},
        "commit": _text_or_null("HEAD of the repository; null outside git."),
        "uncommitted": _truth("The manifests are not as the commit has them."),
        "branch": _text_or_null("The branch; null outside git and on none."),
        "targets": _list(_text("Name of a target."), "Targets that were looked at."),
        "digest": _text("Covers actions, field changes and pre-images, not impact."),
        "applyable": _truth("Whether apply would send anything and nothing stands in its way."),
        "prune": {**prune, "description": "Whether live objects without a manifest are deleted."},
    }


def _contents() -> dict[str, Schema]:
    counts = {str(action): _count(told) for action, told in _ACTIONS.items()} | {
        "declared": _count("Objects that git declares."),
        "owned": _count("Live objects of this fleet."),
        "read": _count("Live objects that were read."),
    }
    return {
        "counts": {**_closed(counts), "description": "How many of each."},
        "changes": _list(_ref("change"), "What would be done, by key; kept objects are not among them."),
        "kept": _list(_ref("change"), "Objects that stay as they are."),
        "unclaimed": _list(_closed({**_key(), **_stranger()}), "Live objects of others; never touched."),
        "unknown": {
            "type": "object",
            "additionalProperties": _text("Why it could not be read."),
            "description": "Scopes that could not be read whole, as TARGET:SCOPE. Nothing is done in them.",
        },
        "refusals": _list(_ref("problem"), "Why the plan as a whole may not be applied."),
        "failures": _list(_ref("failure"), "Reads that the platform refused or did not answer."),
        "warnings": _list(_ref("problem"), "What a reviewer should know; it stops nothing."),
    }


def _stranger() -> dict[str, Schema]:
    return {
        "owner": _text("Whose it is, as far as its mark says."),
        "phase": _text("Its phase, in the platform's word."),
        "submittedBy": _text_or_null("Who made it, where the platform says."),
    }


def _change() -> dict[str, Schema]:
    image = _closed(
        {
            "id": _text("Its id on the platform."),
            "phase": _text("Its phase, in the platform's word."),
            "life": {"enum": [str(life) for life in Life], "description": "What that phase means."},
        }
    )
    return {
        "action": {
            "enum": [str(action) for action in Action],
            "enumDescriptions": [_ACTIONS[action] for action in Action],
            "description": "What apply would do with it.",
        },
        "reason": _text("Why."),
        "destructive": _truth("Whether it ends something that lives."),
        "fields": _list(_ref("field"), "Fields that differ, by pointer."),
        "keptItems": _list(_text("A pointer."), "Live list items that git does not declare; they stay."),
        "needs": _list(_text("A key."), "What must come first."),
        "gpus": _number("GPUs that it will hold."),
        "source": {**_ref("source"), "description": "Where its manifest stands."},
        "preImage": {
            **_maybe(image),
            "description": "The live object planned from; null where there is none.",
        },
    }


def _consequences() -> dict[str, Schema]:
    impact = {
        "phase": _text("Its phase, in the platform's word."),
        "since": _text_or_null("When it started, RFC 3339, in UTC."),
        "runningSeconds": _count("How long it has been running, in seconds."),
        "gpus": _number("GPUs that it holds."),
        "gpuHours": _number("GPU-hours spent so far, which end with it."),
        "running": _truth("Whether it is running now."),
        "preemptible": _truth("Whether the platform itself may end it for others."),
        "idleGpus": _number("GPUs that it holds and does not use."),
        "lostVolumes": _list(_text("Name of a volume."), "Volumes whose data ends with it."),
        "carried": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Running workloads that end with it; null for what is a workload itself.",
        },
    }
    return {
        "impact": {
            **_maybe(_closed(impact)),
            "description": "What ending it costs; null where nothing ends.",
        },
        "hint": _text("What the reader may do about it."),
        "consent": _text_or_null("The word that --allow takes to let it through."),
    }


def _field() -> dict[str, Schema]:
    return {
        "pointer": _text("Where the field is; list items go by their key: /spec/ports/container=80."),
        "before": {"description": "The live value; null where there is none."},
        "after": {"description": "Git's value; null where there is none."},
        "sensitive": _truth("Whether the values are hidden."),
        "inPlace": _truth("Whether the platform changes it without a new object."),
        "origin": {
            "enum": ["git", "live", "both", None],
            "description": "Which side moved since the last apply; null where that is not known.",
        },
        "source": {**_ref("source"), "description": "Where git states it."},
    }


def _problem() -> dict[str, Schema]:
    return {
        "code": {
            "type": "string",
            "pattern": r"^RC[0-9]{3}$",
            "description": "Its code; docs/exit-codes.md.",
        },
        "severity": {"enum": [str(severity) for severity in Severity], "description": "How bad it is."},
        "what": _text("What was found."),
        "why": _text_or_null("Why that is a problem."),
        "hint": _text_or_null("What to do."),
        "subject": _text_or_null("The object it is about, by its key."),
        "pointer": _text_or_null("The field it is about."),
        "source": {**_ref("source"), "description": "Where it stands in a file."},
    }


def _failure() -> dict[str, Schema]:
    return {
        "target": _text("The target that was asked."),
        "verb": _text("What was tried."),
        "status": {"type": ["integer", "null"], "description": "HTTP status; null where none came."},
        "said": _text("What the platform said, cut."),
    }


def _key() -> dict[str, Schema]:
    return {
        "key": _text("The whole key: SCOPE/Kind/name."),
        "target": _text("Its target."),
        "scope": _text("Its project or workspace; empty where a kind has none."),
        "kind": _text("Its kind."),
        "name": _text("Its name."),
    }


def _source() -> dict[str, Schema]:
    place = {"type": ["integer", "null"], "minimum": 1}
    return {
        "file": _text("Path of the file."),
        "line": {**place, "description": "Line, from 1."},
        "column": {**place, "description": "Column, from 1."},
    }


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _text_or_null(description: str) -> Schema:
    return {"type": ["string", "null"], "description": description}


def _truth(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def _number(description: str) -> Schema:
    return {"type": "number", "minimum": 0, "description": description}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _closed(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}

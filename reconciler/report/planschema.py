"""State the shape of the plan document, draft 2020-12; a test holds real plans against it."""

from __future__ import annotations

from typing import Any

from reconciler.errors import ExitCode
from reconciler.plan.change import Action
from reconciler.problem import Severity
from reconciler.report.jsonform import FORMAT
from reconciler.resource import Life

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_TRUTH: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number", "minimum": 0}


def plan_schema() -> Schema:
    """Give the schema of what `plan -o json` writes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler plan",
        **_closed(_plan_properties()),
        "$defs": {
            "change": _closed(_change_properties()),
            "field": _closed(_field_properties()),
            "problem": _closed(_problem_properties()),
            "failure": _closed(_problem_properties() | _failure_properties()),
            "source": _maybe(_closed({"file": _TEXT, "line": _place(), "column": _place()})),
        },
    }


def _plan_properties() -> dict[str, Schema]:
    return {
        "formatVersion": {"const": FORMAT},
        "document": {"const": "plan"},
        "toolVersion": _TEXT,
        "exit": _closed(
            {"code": {"enum": [int(c) for c in ExitCode]}, "name": {"enum": [c.label for c in ExitCode]}}
        ),
        "fleet": _closed({"id": _TEXT, "name": _TEXT}),
        "commit": _MAYBE,
        "uncommitted": {"type": "boolean", "description": "The manifests are not as the commit has them."},
        "branch": _MAYBE,
        "targets": _list(_TEXT),
        "digest": {**_TEXT, "description": "Covers actions, field changes and pre-images, not impact."},
        "applyable": {
            **_TRUTH,
            "description": "Whether apply would send anything and nothing stands in its way.",
        },
        "counts": _closed(
            {**{str(a): _COUNT for a in Action}, "declared": _COUNT, "owned": _COUNT, "read": _COUNT}
        ),
        "changes": _list(_ref("change")),
        "kept": _list(_ref("change")),
        "unclaimed": _list(
            _closed({**_key_properties(), "owner": _TEXT, "phase": _TEXT, "submittedBy": _MAYBE})
        ),
        "unknown": {"type": "object", "additionalProperties": _TEXT},
        "prune": _closed({"on": _TRUTH, "why": _TEXT}),
        "refusals": _list(_ref("problem")),
        "failures": _list(_ref("failure")),
        "warnings": _list(_ref("problem")),
    }


def _change_properties() -> dict[str, Schema]:
    impact = {
        "phase": _TEXT,
        "since": _MAYBE,
        "runningSeconds": _COUNT,
        "gpus": _NUMBER,
        "gpuHours": _NUMBER,
        "running": _TRUTH,
        "preemptible": _TRUTH,
        "idleGpus": _NUMBER,
        "lostVolumes": _list(_TEXT),
        "carried": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Running workloads that end with it; null for what is a workload itself.",
        },
    }
    return {
        **_key_properties(),
        "action": {"enum": [str(action) for action in Action]},
        "reason": _TEXT,
        "destructive": _TRUTH,
        "fields": _list(_ref("field")),
        "keptItems": _list(_TEXT),
        "needs": _list(_TEXT),
        "gpus": _NUMBER,
        "source": _ref("source"),
        "preImage": _maybe(_closed({"id": _TEXT, "phase": _TEXT, "life": {"enum": [str(v) for v in Life]}})),
        "impact": _maybe(_closed(impact)),
        "hint": _TEXT,
        "consent": {**_MAYBE, "description": "The word that --allow takes to let it through."},
    }


def _field_properties() -> dict[str, Schema]:
    return {
        "pointer": _TEXT,
        "before": {"description": "The live value; null where there is none."},
        "after": {"description": "Git's value; null where there is none."},
        "sensitive": _TRUTH,
        "inPlace": _TRUTH,
        "origin": {"enum": ["git", "live", "both", None]},
        "source": _ref("source"),
    }


def _problem_properties() -> dict[str, Schema]:
    return {
        "code": {"type": "string", "pattern": r"^RC[0-9]{3}$"},
        "severity": {"enum": [str(severity) for severity in Severity]},
        "what": _TEXT,
        "why": _MAYBE,
        "hint": _MAYBE,
        "subject": _MAYBE,
        "pointer": _MAYBE,
        "source": _ref("source"),
    }


def _failure_properties() -> dict[str, Schema]:
    return {"target": _TEXT, "verb": _TEXT, "status": {"type": ["integer", "null"]}, "said": _TEXT}


def _key_properties() -> dict[str, Schema]:
    return dict.fromkeys(("key", "target", "scope", "kind", "name"), _TEXT)


def _place() -> Schema:
    return {"type": ["integer", "null"], "minimum": 1}


def _closed(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _maybe(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}

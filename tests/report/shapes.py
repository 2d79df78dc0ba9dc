"""The shapes of formats that are not ours, as far as we write them, from their documents."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 1}
LEVEL: dict[str, Any] = {"enum": ["none", "note", "warning", "error"]}


def _closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "additionalProperties": False,
    }


_MESSAGE = _closed({"text": TEXT})
_URI = {"type": "string", "pattern": r"^[A-Za-z0-9._~/%!$&'()*+,;=:@-]+$"}

SARIF: dict[str, Any] = {
    **_closed(
        {
            "$schema": {"type": "string", "pattern": "^https://.*sarif-schema-2.1.0.json$"},
            "version": {"const": "2.1.0"},
            "runs": {
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    {
                        "tool": _closed(
                            {
                                "driver": _closed(
                                    {
                                        "name": TEXT,
                                        "version": TEXT,
                                        "rules": {
                                            "type": "array",
                                            "uniqueItems": True,
                                            "items": _closed({"id": TEXT, "shortDescription": _MESSAGE}),
                                        },
                                    }
                                )
                            }
                        ),
                        "automationDetails": _closed({"id": {"type": "string", "pattern": "/$"}}),
                        "invocations": {
                            "type": "array",
                            "minItems": 1,
                            "items": _closed(
                                {
                                    "executionSuccessful": {"type": "boolean"},
                                    "exitCode": {"type": "integer"},
                                    "exitCodeDescription": TEXT,
                                    "toolExecutionNotifications": {
                                        "type": "array",
                                        "items": _closed(
                                            {"level": LEVEL, "message": _MESSAGE},
                                            {"descriptor": _closed({"id": TEXT})},
                                        ),
                                    },
                                }
                            ),
                        },
                        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                        "results": {
                            "type": "array",
                            "maxItems": 5_000,
                            "items": _closed(
                                {
                                    "ruleId": TEXT,
                                    "ruleIndex": {"type": "integer", "minimum": 0},
                                    "level": LEVEL,
                                    "message": _MESSAGE,
                                    "locations": {
                                        "type": "array",
                                        "minItems": 1,
                                        "items": _closed(
                                            {
                                                "physicalLocation": _closed(
                                                    {"artifactLocation": _closed({"uri": _URI})},
                                                    {
                                                        "region": _closed(
                                                            {"startLine": COUNT},
                                                            {"startColumn": COUNT, "endColumn": COUNT},
                                                        )
                                                    },
                                                )
                                            }
                                        ),
                                    },
                                    "partialFingerprints": {
                                        "type": "object",
                                        "minProperties": 1,
                                        "additionalProperties": TEXT,
                                    },
                                }
                            ),
                        },
                    }
                ),
            },
        }
    )
}
"""SARIF 2.1.0 (OASIS), with what GitHub code scanning asks for beside it: a place, a fingerprint."""

CODE_QUALITY: dict[str, Any] = {
    "type": "array",
    "items": _closed(
        {
            "description": TEXT,
            "check_name": TEXT,
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": _closed({"path": TEXT, "lines": _closed({"begin": COUNT})}),
        }
    ),
}
"""GitLab's code quality report, as its documents describe it."""

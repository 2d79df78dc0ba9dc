"""State the shape of the plan document, draft 2020-12; a test holds real plans against it."""

from __future__ import annotations

from reconciler.plan.change import Action
from reconciler.report.capacityschema import capacity_shape
from reconciler.report.shapes import (
    Schema,
    closed,
    commit_shape,
    failure_shape,
    field_shape,
    head,
    hex_digits,
    key_shape,
    list_of,
    map_of,
    maybe,
    number,
    problem_shape,
    ref,
    source_shape,
    text,
    text_or_null,
    truth,
    whole_number,
)
from reconciler.resource import Life

_ACTIONS = {
    Action.CREATE: "It is not live and will be made.",
    Action.ADOPT: "It is live and unclaimed; our mark is written on it, with what differs.",
    Action.UPDATE: "It is changed in place.",
    Action.REPLACE: "It is deleted and created again.",
    Action.RERUN: "It has ended and runs once more: it is deleted and created again.",
    Action.STOP: "It is kept, and its run ends.",
    Action.RESUME: "It is stopped and runs again, as it is.",
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
        "description": "Everything that apply would do, and whether it may. What plan -o json writes, and "
        "plan --out with the block saved.",
        **closed({**head("plan"), **_origin(), **_contents()}, {"saved": _saved()}),
        "$defs": {
            "change": closed({**key_shape(), **_change(), **_consequences()}),
            "field": closed(field_shape()),
            "problem": closed(problem_shape()),
            "failure": closed(problem_shape() | failure_shape()),
            "source": maybe(closed(source_shape())),
        },
    }


def _origin() -> dict[str, Schema]:
    fleet = closed({"id": text("Its id, which decides ownership."), "name": text("Its name, for people.")})
    prune = closed({"on": truth("Whether this run prunes."), "why": text("If not, why not.")})
    return {
        "fleet": {**fleet, "description": "The fleet that the plan is of."},
        "commit": text_or_null("HEAD of the repository; null outside git."),
        "uncommitted": truth("The manifests are not as the commit has them."),
        "branch": text_or_null("The branch; null outside git and on none."),
        "targets": list_of(text("Name of a target."), "Targets that were looked at."),
        "digest": text("Covers actions, field changes and pre-images, not impact."),
        "applyable": truth("Whether apply would send anything and nothing stands in its way."),
        "prune": {**prune, "description": "Whether live objects without a manifest are deleted."},
    }


def _contents() -> dict[str, Schema]:
    counts = {str(action): whole_number(told) for action, told in _ACTIONS.items()} | {
        "declared": whole_number("Objects that git declares."),
        "owned": whole_number("Live objects of this fleet."),
        "read": whole_number("Live objects that were read."),
    }
    return {
        "counts": {**closed(counts), "description": "How many of each."},
        "changes": list_of(ref("change"), "What would be done, by key; kept objects are not among them."),
        "kept": list_of(ref("change"), "Objects that stay as they are."),
        "unclaimed": list_of(
            closed({**key_shape(), **_stranger()}), "Live objects of others; never touched."
        ),
        "unknown": {
            "type": "object",
            "additionalProperties": text("Why it could not be read."),
            "description": "Scopes that could not be read whole, as TARGET:SCOPE. Nothing is done in them.",
        },
        "capacity": capacity_shape(),
        "refusals": list_of(ref("problem"), "Why the plan as a whole may not be applied."),
        "failures": list_of(ref("failure"), "Reads that the platform refused or did not answer."),
        "warnings": list_of(ref("problem"), "What a reviewer should know; it stops nothing."),
    }


def _saved() -> Schema:
    request = {
        "inputs": list_of(text("A path or an object."), "Paths and objects that the run was narrowed to."),
        "selector": text("The labels it was narrowed to; empty for all."),
        "targets": list_of(text("Name of a target."), "Targets it was narrowed to."),
        "projects": list_of(text("Name of a project."), "Projects it was narrowed to."),
        "prune": truth("Whether --no-prune was absent."),
        "partial": truth("Whether it may go on where a scope cannot be read."),
        "allow": list_of(text("A consent."), "The consents, also those of RECONCILER_ALLOW."),
        "strict": truth("Whether warnings about manifests are errors."),
        "run": list_of(text("An object."), "Ended jobs to run once more."),
        "adopt": list_of(text("An object."), "Live objects to take over."),
    }
    block = {
        "created": text("When it was saved, RFC 3339, in UTC."),
        "expires": text("When apply begins to refuse it, RFC 3339, in UTC."),
        "nonce": {
            **hex_digits(32),
            "description": "Tells it from every other: it is carried out once.",
        },
        "request": {**closed(request), "description": "The words it was made for; apply says them again."},
        "urls": {**map_of(text("Its url.")), "description": "Where each target was reached."},
        "fingerprints": {
            **map_of({**hex_digits(64), "description": "Covers the change, hidden values as references."}),
            "description": "Of each change by its full key; kept objects have none.",
        },
        "seal": {
            **hex_digits(64),
            "description": "SHA-256 of the file with these digits as zeros. Tells accidents, not attackers.",
        },
    }
    return {**closed(block), "description": "Only in a file of plan --out: what apply --plan holds it to."}


def _stranger() -> dict[str, Schema]:
    return {
        "owner": text("Whose it is, as far as its mark says."),
        "phase": text("Its phase, in the platform's word."),
        "submittedBy": text_or_null("Who made it, where the platform says."),
    }


def _change() -> dict[str, Schema]:
    image = closed(
        {
            "id": text("Its id on the platform."),
            "phase": text("Its phase, in the platform's word."),
            "life": {"enum": [str(life) for life in Life], "description": "What that phase means."},
        }
    )
    return {
        "action": {
            "enum": [str(action) for action in Action],
            "enumDescriptions": [_ACTIONS[action] for action in Action],
            "description": "What apply would do with it.",
        },
        "reason": text("Why."),
        "destructive": truth("Whether it ends something that lives."),
        "adopted": truth("Whether the live object carries no mark of ours, and is claimed all the same."),
        "fields": list_of(ref("field"), "Fields that differ, by pointer."),
        "keptItems": list_of(text("A pointer."), "Live list items that git does not declare; they stay."),
        "needs": list_of(text("A key."), "What must come first; of a delete, what must come after it."),
        "gpus": number("GPUs that it will hold."),
        "source": {**ref("source"), "description": "Where its manifest stands, or stood."},
        "removedBy": text_or_null("The commit that took its manifest out of git; null where none is known."),
        "commits": list_of(
            closed(commit_shape()),
            "Of what is refused, replaced or stopped: the commits that brought what git says, the "
            "newest first, as far as git tells.",
        ),
        "preImage": {
            **maybe(image),
            "description": "The live object planned from; null where there is none.",
        },
    }


def _consequences() -> dict[str, Schema]:
    impact = {
        "phase": text("Its phase, in the platform's word."),
        "since": text_or_null("When it started, RFC 3339, in UTC."),
        "runningSeconds": whole_number("How long it has been running, in seconds."),
        "gpus": number("GPUs that it holds."),
        "gpuHours": number("GPU-hours spent so far, which end with it."),
        "running": truth("Whether it is running now."),
        "preemptible": truth("Whether the platform itself may end it for others."),
        "idleGpus": number("GPUs that it holds and does not use."),
        "lostVolumes": list_of(text("Name of a volume."), "Volumes whose data ends with it."),
        "carried": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Running workloads that end with it; null for what is a workload itself.",
        },
    }
    return {
        "impact": {
            **maybe(closed(impact)),
            "description": "What ending it costs; null where nothing ends.",
        },
        "hint": text("What the reader may do about it."),
        "consent": text_or_null("The word that --allow takes to let it through."),
    }

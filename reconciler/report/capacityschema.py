"""State the shape of the plan document's block `capacity`."""

from __future__ import annotations

from reconciler.capacity import Chance
from reconciler.report.shapes import Schema, closed, list_of, maybe, number, text, text_or_null

_CHANCES = {
    Chance.STARTS: "There is room for it now.",
    Chance.LATER: "There will be room when what this plan ends is gone.",
    Chance.MAY_QUEUE: "Whether there is room depends on what nobody can tell.",
    Chance.QUEUES: "There is no room for it now.",
    Chance.NEVER: "There would be no room for it, were all else gone.",
    Chance.UNKNOWN: "It could not be judged.",
}


def capacity_shape() -> Schema:
    """State the block; null where a plan asks for no GPU."""
    return {
        **maybe(
            closed(
                {
                    "pools": list_of(closed(_pool()), "Node pools that are asked."),
                    "shares": list_of(closed(_share()), "What projects have of them."),
                    "outlooks": list_of(closed(_outlook()), "What becomes of each ask, by key."),
                    "refused": list_of(
                        closed(_outlook()),
                        "What would become of refused changes, each let through alone; the first 20 at most. "
                        "Nothing else counts them.",
                    ),
                    "notes": list_of(text("A gap."), "What could not be read."),
                }
            )
        ),
        "description": "What the plan asks for in GPUs and what will come of it; lies outside the digest. "
        "Null where nothing is asked.",
    }


def _or_null(description: str) -> Schema:
    return {"type": ["number", "null"], "minimum": 0, "description": description}


def _pool() -> dict[str, Schema]:
    return {
        "target": text("Its target."),
        "pool": text("Its name; empty where nobody tells where an object goes."),
        "gpus": _or_null("GPUs of its ready nodes; null where nobody tells."),
        "free": _or_null("Of them not held; null where nobody tells."),
        "asked": number("GPUs that the plan asks for."),
    }


def _share() -> dict[str, Schema]:
    return {
        "target": text("Its target."),
        "scope": text("The project."),
        "pool": text("The node pool."),
        "before": number("GPUs that it holds or waits for now."),
        "after": number("The same when the plan is carried out."),
        "quota": number("GPUs that are its own."),
        "limit": _or_null("GPUs that it may never exceed; null for no limit."),
    }


def _outlook() -> dict[str, Schema]:
    return {
        "key": text("The object's key."),
        "target": text("Its target."),
        "chance": {
            "enum": [str(chance) for chance in _CHANCES],
            "enumDescriptions": list(_CHANCES.values()),
            "description": "What will become of it.",
        },
        "gpus": number("GPUs that it asks for."),
        "pool": text_or_null("The node pool where it starts, else the first of its wish."),
        "reason": text_or_null("The platform's own word for why it waits."),
        "why": text_or_null("The same as a sentence."),
    }

"""Placement: on which nodes a pod may run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from reconciler.block import Block, Flag, Text, Whole, optional
from reconciler.providers.runai.kinds.block import excluded


class Toleration(Block):
    """Let the pod run on nodes with a taint."""

    name: Text | None = optional("Name of this entry, for rules of a policy.", min_length=1)
    operator: Literal["Equal", "Exists"] | None = optional(
        "Equal compares the value, Exists does not. Needed."
    )
    key: Text | None = optional("Key of the taint. Needed.")
    value: Text | None = optional("Value of the taint. With operator Equal only.")
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule", "Any"] | None = optional(
        "Effect of the taint. Needed."
    )
    seconds: Whole | None = optional(
        "Seconds to stay after the taint appears. With effect NoExecute only.", ge=1
    )
    exclude: Flag | None = excluded()


class MatchExpression(Block):
    """Compare one node label."""

    key: Text = Field(description="Key of the node label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(
        description="How to compare; Exists and DoesNotExist take no values, Gt and Lt one."
    )
    values: list[Text] | None = optional("Values to compare with.")


class NodeSelectorTerm(Block):
    """Hold expressions that must all be true."""

    match_expressions: list[MatchExpression] | None = optional("All of them must hold.")


class NodeAffinity(Block):
    """Hold terms of which one must be true."""

    node_selector_terms: list[NodeSelectorTerm] | None = optional("One of them must hold.")


class PodAffinity(Block):
    """Keep the pods of the workload near each other."""

    type: Literal["Required", "Preferred"] | None = optional("Whether it must be so.")
    key: Text | None = optional("Node label that says what near means, such as a rack.")

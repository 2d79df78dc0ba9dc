"""Aliases: the words people bring from other tools, and the fields that mean them in each kind.

A field is written by its path in spec, `ports[].container`; one that stands in many places by its name
alone. The first path counts; what follows it explains.
"""

from __future__ import annotations

from reconciler.field import plain
from reconciler.providers.runai.kinds.aliases import pod, workload
from reconciler.providers.runai.kinds.aliases.pod import Words


def _in_any_case(*tables: Words) -> Words:
    """Join tables, the later one first, and add every word as a near miss is looked up."""
    words = {word: field for table in tables for word, field in table.items()}
    return {**{plain(word): field for word, field in words.items()}, **words}


_WORKLOAD = (pod.DEVICES, pod.BARE, pod.OWN, pod.MORE_VOLUMES, workload.SCHEDULED, workload.TEMPLATED)
_JOB = (*_WORKLOAD, pod.HOST, workload.DOORS, workload.JOB)

WORKSPACE = _in_any_case(*_JOB)
TRAINING = _in_any_case(*_JOB, workload.SWEEP)
DISTRIBUTED_TRAINING = _in_any_case(*_JOB, workload.DISTRIBUTED)
INFERENCE = _in_any_case(*_WORKLOAD, workload.DOORS, workload.INFERENCE)
DISTRIBUTED_INFERENCE = _in_any_case(
    *(pod.below("leader", words) for words in (pod.DEVICES, pod.BARE, pod.OWN)),
    workload.SCHEDULED,
    workload.TEMPLATED,
    workload.GROUPS,
)
NIM_SERVICE = _in_any_case(pod.DEVICES, pod.BARE, workload.SCHEDULED, workload.NIM)
EXTERNAL_WORKLOAD = _in_any_case(workload.EXTERNAL)
CLUSTER = _in_any_case(workload.CLUSTER)

"""The words people bring from the CLI and from Kubernetes lead to the fields that mean them here."""

from __future__ import annotations

import re

import pytest

from reconciler.kind import Kind
from reconciler.providers.runai.kinds import (
    DISTRIBUTED_INFERENCE,
    DISTRIBUTED_TRAINING,
    INFERENCE,
    KINDS,
    NIM_SERVICE,
    TRAINING,
    WORKSPACE,
)
from tests.providers.runai.models import fields

DOTTED = re.compile(r"\w+(?:\[\])?(?:\.\w+(?:\[\])?)+")
FIRST = re.compile(r"[\w.\[\]]+")
FREE = "/manifest/"
WITH_PODS = (WORKSPACE, TRAINING, DISTRIBUTED_TRAINING, INFERENCE, DISTRIBUTED_INFERENCE, NIM_SERVICE)
EVERYBODY_SAYS = {
    "gpu",
    "gpus",
    "gpu-devices",
    "cpu",
    "memory",
    "env",
    "node-pools",
    "priority",
    "toleration",
}


def as_pointer(path: str) -> str:
    return "/" + path.replace("[]", "").replace(".", "/")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_word_leads_to_a_field_of_its_kind(kind: Kind) -> None:
    known = set(fields(kind.model()))
    names = {path.rpartition("/")[2] for path in known}

    for word, told in kind.aliases.items():
        first = FIRST.match(told)
        assert first, word
        for path in {first[0].rstrip("."), *DOTTED.findall(told)}:
            pointer = as_pointer(path)
            is_known = (
                path == "project"
                or pointer in known
                or pointer.startswith(FREE)
                or ("." not in path and path in names)
            )
            assert is_known, f'{kind.name}: "{word}" leads to {path}'


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_word_is_itself_the_field_it_leads_to(kind: Kind) -> None:
    assert [word for word, told in kind.aliases.items() if word == told] == []


@pytest.mark.parametrize("kind", WITH_PODS, ids=lambda kind: kind.name)
def test_at_least_sixty_words_are_known_of_each_kind_with_pods(kind: Kind) -> None:
    written = {re.sub(r"[-_. ]", "", word).casefold() for word in kind.aliases}

    assert len(written) >= 60
    assert len(set(kind.aliases.values())) >= 40
    assert set(kind.aliases) >= EVERYBODY_SAYS

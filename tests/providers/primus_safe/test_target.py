"""The target block: one address, one way to sign in, and a generation where it is not to be found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from reconciler.errors import FleetError
from reconciler.fleet import Fleet
from reconciler.load import load_fleet
from reconciler.providers.primus_safe import TargetModel
from reconciler.resolve.target import resolve_target
from reconciler.secret import Scrubber

GOOD: dict[str, Any] = {
    "provider": "primus-safe",
    "url": "https://safe.acme.com",
    "auth": {"apiKey": "${{ secrets.KEY }}"},
}


def fleet(folder: Path, **changes: Any) -> Fleet:
    block = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    (folder / "reconciler.yaml").write_text(
        json.dumps(
            {
                "apiVersion": "reconciler/v1",
                "kind": "Fleet",
                "metadata": {"name": "ml", "id": "7f3a9c04d2b81e66"},
                "targets": {"safe": block},
            }
        )
    )
    return load_fleet(cwd=folder, environ={})


@pytest.mark.parametrize("way", ["apiKey", "token", "cookie", "userId"])
def test_each_way_to_sign_in_is_taken(way: str, tmp_path: Path) -> None:
    target = fleet(tmp_path, auth={way: "${{ secrets.KEY }}"}).targets["safe"]

    resolved = resolve_target(target, {"KEY": "ak-1"}, Scrubber())

    assert resolved.url == "https://safe.acme.com"
    assert "ak-1" not in repr(resolved)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"auth": {}}, "auth has 0 fields, not at least 1"),
        ({"auth": {"apiKey": "a", "token": "b"}}, "auth has 2 fields, not at most 1"),
        ({"auth": {"clientId": "a"}}, 'unknown field "clientId" in auth'),
        ({"auth": None}, 'safe has no "auth"'),
        ({"generation": 3}, "generation is 3, not one of 1, 2"),
        ({"generation": "2"}, 'generation is "2", not one of 1, 2'),
        ({"scope": {"projects": ["a"]}}, 'unknown field "projects" in scope'),
        ({"clusterApi": {}}, 'unknown field "clusterApi" in safe'),
    ],
)
def test_what_is_wrong_with_it_is_said(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(FleetError) as raised:
        fleet(tmp_path, **changes)

    assert said in " ".join(problem.what for problem in raised.value.problems)


def test_the_workspaces_are_its_scopes(tmp_path: Path) -> None:
    assert fleet(tmp_path, scope={"workspaces": ["train", "serve"]}).targets["safe"].scopes == (
        "train",
        "serve",
    )


@pytest.mark.parametrize("auth", [{}, {"apiKey": "a", "cookie": "b"}, {"apiKey": ""}])
def test_the_model_takes_exactly_one_credential_and_shows_none(auth: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as raised:
        TargetModel().model_validate({**GOOD, "auth": auth})

    assert "input_value" not in str(raised.value)


def test_an_address_without_a_query_is_asked_for() -> None:
    with pytest.raises(ValidationError):
        TargetModel().model_validate({**GOOD, "url": "https://safe.acme.com?x=1"})

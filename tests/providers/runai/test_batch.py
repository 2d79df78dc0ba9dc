"""The answer of a batch: each id by itself, and nothing is believed of an id that it does not name."""

from __future__ import annotations

import pytest

from reconciler.errors import Conflict, Forbidden, NotFound, ProviderError, Rejected, Unknown
from reconciler.providers.runai.batch import answers_of
from reconciler.resource import Json

SUBJECTS = {"A1": "team-a/Training/a", "b2": "team-a/Training/b"}


def answers(answer: Json) -> dict[str, ProviderError | None]:
    return answers_of(answer, SUBJECTS, "prod", "suspend")


@pytest.mark.parametrize(
    ("code", "kind"),
    [(403, Forbidden), (404, NotFound), (409, Conflict), (400, Rejected), (500, Unknown), (429, Unknown)],
)
def test_a_code_says_whether_it_may_have_worked(code: int, kind: type[ProviderError]) -> None:
    told = answers({"succeeded": ["a1"], "failed": [{"id": "b2", "code": code, "message": "no"}]})

    assert told["A1"] is None
    error = told["b2"]
    assert type(error) is kind
    assert error is not None
    assert (error.said, error.subject) == ("no", "team-a/Training/b")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"succeeded": None, "failed": 3},
        {"succeeded": ["other", 7], "failed": [{"id": "x", "code": 404}, "b2"]},
        {"succeeded": ["a1", "b2"], "failed": [{"id": "A1", "code": 403}, {"id": "b2", "code": 403}]},
    ],
    ids=["empty", "no lists", "other ids", "both"],
)
def test_what_is_not_plainly_said_of_an_id_is_not_known(answer: Json) -> None:
    assert answers(answer) == {}


@pytest.mark.parametrize("code", [None, True, "404", 0, 200])
def test_a_failure_without_a_code_may_have_worked(code: Json) -> None:
    assert type(answers({"failed": [{"id": "b2", "code": code}]})["b2"]) is Unknown


def test_an_answer_that_is_none_leaves_everything_open() -> None:
    with pytest.raises(Unknown):
        answers(["a1"])

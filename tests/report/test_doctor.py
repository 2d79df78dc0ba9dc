"""How a set-up stands, as text and as a document."""

from __future__ import annotations

from reconciler.errors import ExitCode
from reconciler.provider import Finding
from reconciler.report.doctor import doctor_document, doctor_text

WELL = Finding("sign-in", "token v2")
ODD = Finding(
    "cluster", "dgx-a was not asked", "add below the target:\nclusterApi: {dgx-a: https://dgx-a.acme.com}"
)
BROKEN = Finding("fleet", "reconciler.yaml: no such field", "correct it", ExitCode.REJECTED)


def test_what_to_do_stands_below_what_is_not_well_and_a_line_to_paste_on_its_own() -> None:
    assert doctor_text([WELL, ODD, BROKEN], width=80) == (
        "ok    sign-in  token v2\n"
        "warn  cluster  dgx-a was not asked\n"
        "               -> add below the target:\n"
        "                  clusterApi: {dgx-a: https://dgx-a.acme.com}\n"
        "fail  fleet    reconciler.yaml: no such field\n"
        "               -> correct it\n"
        "\n"
        "3 checks: 1 failed, 1 warning.\n"
    )


def test_where_all_is_well_it_says_so() -> None:
    assert doctor_text([WELL]) == "ok    sign-in  token v2\n\n1 check: all well.\n"


def test_a_long_text_wraps_below_itself() -> None:
    told = doctor_text([Finding("repo", "word " * 20)], width=60)

    assert max(map(len, told.splitlines())) <= 60
    assert told.splitlines()[1].startswith(" " * 12 + "word")


def test_what_a_platform_says_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in doctor_text([Finding("a", "\x1b[2J", "\x1b[2J\r")])


def test_the_document_has_the_grade_and_the_exit_of_each() -> None:
    document = doctor_document([WELL, BROKEN], exit_code=ExitCode.REJECTED)

    assert document["exit"] == {"code": 4, "name": "rejected"}
    assert document["findings"] == [
        {"grade": "ok", "area": "sign-in", "text": "token v2", "mend": None, "exit": "in-order"},
        {
            "grade": "fail",
            "area": "fleet",
            "text": "reconciler.yaml: no such field",
            "mend": "correct it",
            "exit": "rejected",
        },
    ]

"""`validate`: check manifests offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Chosen, judging, selecting, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode
from reconciler.report.forms import MACHINE, machine_forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.declare import Checked
    from reconciler.problem import Problem
    from reconciler.report.jsonform import Document
    from reconciler.report.junit import Case


@click.command()
@speaking
@writing("table", *MACHINE)
@selecting
@judging
def command(voice: Voice, chosen: Chosen) -> ExitCode:
    r"""Check manifests against the schemas and the platform's rules. Offline: no network, no secrets.

    \b
    Examples:
      reconciler validate                        all manifests of the fleet
      reconciler validate manifests/team-a       one folder or file
      kustomize build . | reconciler validate -  from another tool
      reconciler validate --strict               in CI: a warning is an error
      reconciler validate -o sarif=found.sarif   for code scanning
      reconciler validate -o json                for machines

    Exit codes: 0 valid, 4 rejected.
    """
    from reconciler.cli.request import request_of, world_of
    from reconciler.declare import declare

    checked = declare(request_of(chosen, voice), world_of(voice)).checked
    return _tell(voice, checked)


def _tell(voice: Voice, checked: Checked) -> ExitCode:
    from reconciler.report.problems import checked_text, problems_text

    problems, read = checked.problems, {"documents": checked.documents, "files": checked.files}
    bad = any(problem.is_error for problem in problems)
    code = ExitCode.REJECTED if bad else ExitCode.IN_ORDER
    voice.complain(problems_text(problems))
    voice.annotate(lambda: problems)
    voice.publish(
        {
            "table": lambda: checked_text(problems, **read),
            **machine_forms(
                lambda: _document(problems, code, **read),
                lambda: _cases(problems, **read),
                lambda: problems,
            ),
        }
    )
    return code


def _document(problems: Sequence[Problem], code: ExitCode, *, documents: int, files: int) -> Document:
    from reconciler.report.jsonform import checked_document  # knows plans too, which cost a start

    return checked_document(problems, exit_code=code, documents=documents, files=files)


def _cases(problems: Sequence[Problem], *, documents: int, files: int) -> Iterator[Case]:
    from reconciler.report.cases import checked_cases  # likewise

    return checked_cases(problems, documents=documents, files=files)

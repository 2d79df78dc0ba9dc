"""`doctor`: look at the whole set-up and say what is wrong, and what to do."""

from __future__ import annotations

import click

from reconciler.cli.options import of_fleet, of_targets, speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode


@click.command()
@speaking
@writing("table", "json")
@of_fleet
@of_targets
def command(voice: Voice, fleet: str, targets: tuple[str, ...]) -> ExitCode:
    r"""Look at the whole set-up, from git to the clusters, and say what is wrong and what to do.

    Reads only: nothing is written to the platform, to git or to the journal.

    \b
    Examples:
      reconciler doctor                       everything, in the order in which commands need it
      reconciler doctor --target runai-demo   one target of the fleet
      reconciler doctor -o json               for machines

    Exit codes: 0 nothing keeps commands from working (there may be warnings); 4 the fleet file, a manifest
    or the environment; 5 not signed in or not allowed; 6 not reached.
    """
    from reconciler.cli.request import world_of
    from reconciler.cli.running import run
    from reconciler.declare import Request
    from reconciler.doctor import examine
    from reconciler.errors import heaviest
    from reconciler.report.doctor import doctor_document, doctor_text
    from reconciler.report.jsonform import json_text

    request = Request(fleet=fleet, targets=targets)
    findings = run(examine(request, world_of(voice), is_ci=voice.is_ci))
    code = heaviest([finding.exit_code for finding in findings])
    voice.publish(
        {
            "table": lambda: doctor_text(findings, width=voice.width),
            "json": lambda: json_text(doctor_document(findings, exit_code=code)),
        }
    )
    return code

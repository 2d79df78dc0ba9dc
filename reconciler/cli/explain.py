"""`explain`: what a field, a problem code or an exit code means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.options import speaking, writing
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.explain.told import Told


@click.command()
@speaking
@writing("table", "json")
@click.argument("what", required=False, metavar="[KIND.FIELD... | CODE]", shell_complete=complete.explained)
def command(voice: Voice, what: str | None) -> ExitCode:
    r"""Explain a field of a kind or of the fleet file, a problem code, or an exit code. Offline.

    Lists are walked through, and `spec` may be left out. Without a word, list what there is.

    \b
    Examples:
      reconciler explain Training                      a kind and its fields
      reconciler explain Training.compute              a part of its spec
      reconciler explain Inference.autoscaling.metric  one field
      reconciler explain Training.gpu                  a word from elsewhere
      reconciler explain Fleet.targets                 the fleet file
      reconciler explain RC103                         a problem code
      reconciler explain 9                             an exit code

    Exit codes: 0 explained, 2 nothing of that name.
    """
    from reconciler.explain import explain, roots
    from reconciler.report.explain import explained_text, roots_text

    if what is None:
        voice.result(roots_text(roots()))
        return ExitCode.IN_ORDER
    told = explain(what)
    voice.publish(
        {
            "table": lambda: explained_text(told, width=voice.width),
            "json": lambda: _document(told),
        }
    )
    return ExitCode.IN_ORDER


def _document(told: Told) -> str:
    from reconciler.report.explainform import explained_document
    from reconciler.report.jsonform import json_text

    return json_text(explained_document(told))

"""`schema`: print the JSON Schema of a kind or a document."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from reconciler.cli import complete
from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, UsageError

Schema = Mapping[str, Any]


def _offered(_ctx: click.Context, _param: click.Parameter, begun: str) -> complete.Items:
    return complete.offered(_makers(), begun)


@click.command()
@speaking
@click.argument(
    "name",
    required=False,
    metavar="[KIND | manifest | fleet | plan | drift | get | describe | top]",
    shell_complete=_offered,
)
@click.option(
    "--write", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write them all here."
)
def command(voice: Voice, name: str | None, folder: Path | None) -> ExitCode:
    r"""Print the JSON Schema of a kind or a document; without a name, list what there is.

    \b
    Examples:
      reconciler schema Training           one kind of manifest
      reconciler schema fleet              reconciler.yaml
      reconciler schema plan               what `plan -o json` writes
      reconciler schema get                what `get -o json` writes; so drift, describe, top
      reconciler schema --write schemas    all of them, as files
    """
    if folder:
        return _write(voice, folder)
    makers = _makers()
    if not name:
        voice.result("".join(f"{each}\n" for each in makers))
        return ExitCode.IN_ORDER
    known = {each.casefold(): each for each in makers}
    if name.casefold() not in known:
        from reconciler.validate.suggest import near

        best = near(name, makers)
        hint = f'; did you mean "{best}"?' if best else f"; there are {', '.join(makers)}"
        raise UsageError(f'no schema for "{name}"{hint}')
    voice.document(_text(makers[known[name.casefold()]]()))
    return ExitCode.IN_ORDER


def _makers() -> dict[str, Callable[[], Schema]]:
    from functools import partial

    from reconciler.providers import kinds
    from reconciler.validate.schema import fleet_schema, manifest_schema, schema_for

    every = {kind.name: partial(schema_for, kind) for _, kind in sorted(kinds().items())}
    return {**every, "manifest": manifest_schema, "fleet": fleet_schema, **_documents()}


def _documents() -> dict[str, Callable[[], Schema]]:
    """Give the makers of what commands write, each a file of its name."""
    from reconciler.report.driftschema import drift_schema
    from reconciler.report.planschema import plan_schema
    from reconciler.report.settledschema import apply_schema, health_schema
    from reconciler.report.sightschema import describe_schema, get_schema, top_schema

    return {
        "plan": plan_schema,
        "apply": apply_schema,
        "health": health_schema,
        "drift": drift_schema,
        "get": get_schema,
        "describe": describe_schema,
        "top": top_schema,
    }


def _write(voice: Voice, folder: Path) -> ExitCode:
    from reconciler.validate.schema import write_schemas

    documents = _documents()
    try:
        written = write_schemas(folder)
        for name, make in documents.items():
            (folder / f"{name}.json").write_text(_text(make()), encoding="utf-8")
    except OSError as wrong:
        raise UsageError(f"cannot write below {folder}: {wrong.strerror}") from wrong
    voice.talk(f"wrote {len(written) + len(documents)} schemas below {folder}\n")
    return ExitCode.IN_ORDER


def _text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

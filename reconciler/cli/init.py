"""`init`: write a fleet file, or a whole demo."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, UsageError

TEMPLATES = Path(__file__).parent / "templates"
DEMO = "demo"
PORT = 8470
_SETTINGS = ".vscode/settings.json"
_SCHEMAS = {".vscode/fleet.json": "fleet.json", ".vscode/manifest.json": "manifest.json"}


@click.command()
@speaking
@click.argument("what", required=False, type=click.Choice([DEMO]), metavar="[demo]")
@click.option("--name", default="", metavar="NAME", help="The fleet's name; else the folder's.")
@click.option("--url", default="", metavar="URL", help="Address of your control plane.")
def command(voice: Voice, what: str | None, name: str, url: str) -> ExitCode:
    r"""Write reconciler.yaml here, with an id of its own; or a whole demo below demo/.

    Never overwrites a file.

    \b
    Examples:
      reconciler init                               reconciler.yaml in this folder
      reconciler init --url https://acme.run.ai     for your control plane
      reconciler init demo && cd demo               manifests to play with, for the emulator
    """
    return _demo(voice) if what == DEMO else _fleet(voice, name or _folder_name(), url)


def _demo(voice: Voice) -> ExitCode:
    source = TEMPLATES / DEMO
    names = [path.relative_to(source).as_posix() for path in sorted(source.rglob("*.yaml"))]
    files = {name: (source / name).read_text(encoding="utf-8") for name in names}
    files["reconciler.yaml"] = files["reconciler.yaml"].replace("FLEET_ID", secrets.token_hex(8))
    manifests = len(files) - 1
    _write(Path(DEMO), files | _editor_files())
    voice.show(
        f"Created {DEMO}/: reconciler.yaml, {manifests} manifests, {_SETTINGS}\n"
        f"Next, in another terminal: reconciler emulate runai --port {PORT}\n"
    )
    return ExitCode.IN_ORDER


def _editor_files() -> dict[str, str]:
    """Make completion and checks in an editor work offline: settings, and the schemas they name."""
    from reconciler.validate.schema import schema_files

    schemas = schema_files()
    settings = {
        "yaml.schemas": {
            ".vscode/fleet.json": ["reconciler.yaml"],
            ".vscode/manifest.json": ["assist/**/*.yaml", "forecast/**/*.yaml"],
        }
    }
    return {
        _SETTINGS: json.dumps(settings, indent=2) + "\n",
        **{path: schemas[name] for path, name in _SCHEMAS.items()},
    }


def _fleet(voice: Voice, name: str, url: str) -> ExitCode:
    text = (TEMPLATES / "reconciler.yaml").read_text(encoding="utf-8")
    for word, value in {
        "FLEET_ID": secrets.token_hex(8),
        "FLEET_NAME": json.dumps(name),
        "FLEET_URL": json.dumps(url or "https://CHANGE-ME.run.ai"),
    }.items():
        text = text.replace(word, value)
    _write(Path(), {"reconciler.yaml": text})
    change = "" if url else "Set the url of your control plane in it. "
    voice.show(
        f"Created reconciler.yaml\n{change}Put manifests below manifests/, then:\n"
        "  export RUNAI_CLIENT_ID=... RUNAI_CLIENT_SECRET=...\n  reconciler validate\n  reconciler plan\n"
    )
    return ExitCode.IN_ORDER


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files that are not there yet, all or none.  Raises UsageError when one is there."""
    there = [str(folder / name) for name in files if (folder / name).exists()]
    if there:
        raise UsageError(f"{', '.join(there)}: there already; nothing was written")
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise UsageError(f"cannot write {wrong.filename}: {wrong.strerror}") from wrong


def _folder_name() -> str:
    return Path.cwd().name or "fleet"

"""`init`: write a fleet file and what editors need, or a whole demo."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from reconciler.cli.editors import FLEET, SETTINGS, EditorFile, editor_files
from reconciler.cli.options import speaking
from reconciler.cli.voice import Voice
from reconciler.errors import ExitCode, UsageError

TEMPLATES = Path(__file__).parent / "templates"
FLEETS = TEMPLATES / "fleets"
DEMO = "demo"
MANIFESTS = "manifests"
PORT = 8470
_URL = re.compile(r'"https://CHANGE-ME[^"]*"')
_READ = re.compile(r"\$\{\{ (?:vars|secrets)\.(\w+) \}\}")
_NEXT = """\
Put manifests below manifests/, then:
  export {}
  reconciler validate
  reconciler plan
"""


@click.command()
@speaking
@click.argument("what", required=False, type=click.Choice([DEMO]), metavar="[demo]")
@click.option("--name", default="", metavar="NAME", help="The fleet's name; else the folder's.")
@click.option("--url", default="", metavar="URL", help="Address of your control plane.")
@click.option(
    "--provider",
    type=click.Choice(sorted(file.stem for file in FLEETS.iterdir())),
    help="Which platform it is. Default runai.",
)
def command(voice: Voice, what: str | None, name: str, url: str, provider: str | None) -> ExitCode:
    r"""Write reconciler.yaml here, with an id of its own, and what editors need; or a demo below demo/.

    Never overwrites a fleet file or a manifest. Where reconciler.yaml is there already, it renews the
    schemas for editors and adds to .vscode/settings.json what is missing, and says so.

    \b
    Examples:
      reconciler init                               reconciler.yaml in this folder
      reconciler init --url https://acme.run.ai     for your control plane
      reconciler init --provider primus-safe        for AMD Primus-SaFE
      reconciler init                               again, after an upgrade: renews the schemas
      reconciler init demo && cd demo               manifests to play with, for the emulator
    """
    if what == DEMO:
        return _demo(voice)
    if not Path(FLEET).exists():
        return _fleet(voice, name or _folder_name(), url, provider or "runai")
    if name or url or provider:
        raise UsageError(f"{FLEET}: there already; nothing was written")
    return _editors_alone(voice)


def _demo(voice: Voice) -> ExitCode:
    source = TEMPLATES / DEMO
    names = [path.relative_to(source).as_posix() for path in sorted(source.rglob("*.yaml"))]
    files = {name: (source / name).read_text(encoding="utf-8") for name in names}
    files[FLEET] = files[FLEET].replace("FLEET_ID", secrets.token_hex(8))
    if there := [f"{DEMO}/{name}" for name in files if (Path(DEMO) / name).exists()]:
        raise UsageError(f"{', '.join(there)}: there already; nothing was written")
    _write({Path(DEMO) / name: text for name, text in files.items()})
    folders = sorted({name.partition("/")[0] for name in names if "/" in name})
    _write_editor_files(editor_files(Path(DEMO), folders, top=Path(DEMO)))
    voice.show(
        f"Created {DEMO}/: {FLEET}, {len(files) - 1} manifests, {SETTINGS}\n"
        f"Next, in another terminal: reconciler emulate runai --port {PORT}\n"
    )
    return ExitCode.IN_ORDER


def _fleet(voice: Voice, name: str, url: str, provider: str) -> ExitCode:
    text = (FLEETS / f"{provider}.yaml").read_text(encoding="utf-8")
    needed = " ".join(f"{variable}=..." for variable in _READ.findall(text.partition("\ntargets:")[2]))
    text = _URL.sub(lambda found: json.dumps(url) if url else found[0], text)
    for word, value in {"FLEET_ID": secrets.token_hex(8), "FLEET_NAME": json.dumps(name)}.items():
        text = text.replace(word, value)
    _write({Path(FLEET): text})
    is_new = not Path(MANIFESTS).exists()
    _make(Path(MANIFESTS))
    voice.show(f"Created {FLEET}{f' and {MANIFESTS}/' if is_new else ''}\n")
    told = _write_editor_files(editor_files(Path.cwd(), (MANIFESTS,)))
    change = "" if url else f"Set the url of your control plane in {FLEET}. "
    voice.show(f"{told}{change}{_NEXT.format(needed)}")
    return ExitCode.IN_ORDER


def _editors_alone(voice: Voice) -> ExitCode:
    """Bring what editors need up to date beside a fleet file that is there."""
    from reconciler.load import load_fleet  # only here: a new fleet has nothing to load

    fleet = load_fleet(FLEET, cwd=Path.cwd())
    told = _write_editor_files(editor_files(Path.cwd(), fleet.manifests))
    voice.show(f"Kept {FLEET}: it is there already\n{told or _IN_ORDER}")
    return ExitCode.IN_ORDER


_IN_ORDER = f"Kept {SETTINGS} and the schemas for editors: they are up to date\n"


def _write_editor_files(files: Sequence[EditorFile]) -> str:
    """Write what editors read where it is not as it shall be, and tell what was done."""
    changes = [(file.verb, file) for file in files if file.verb]
    _write({file.path: file.text for _, file in changes})
    told = [f"{verb} {os.path.relpath(file.path)}\n" for verb, file in changes]
    return "".join([*told, *(file.note for file in files)])


def _write(files: Mapping[Path, str]) -> None:
    """Write files, their folders with them.  Raises UsageError when one cannot be written."""
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    except OSError as wrong:
        raise UsageError(f"cannot write {wrong.filename}: {wrong.strerror}") from wrong


def _make(folder: Path) -> None:
    """Make a folder where there is none.  Raises UsageError when it cannot be made."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as wrong:
        raise UsageError(f"cannot make {wrong.filename}: {wrong.strerror}") from wrong


def _folder_name() -> str:
    return Path.cwd().name or "fleet"

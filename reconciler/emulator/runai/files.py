"""The files of an emulated container: a fixed few, made up from its pod."""

import posixpath
from collections.abc import Mapping

from reconciler.emulator.runai.podview import PodView


def files(pod: PodView) -> Mapping[str, str]:
    """List every file, path to text."""
    return {
        "/etc/hostname": f"{pod.name}\n",
        "/etc/os-release": 'PRETTY_NAME="Ubuntu 24.04.2 LTS"\nID=ubuntu\n',
        "/root/.bashrc": "# nothing here\n",
        "/tmp/.keep": "",  # noqa: S108 - a path inside the emulated container
        "/workspace/README.md": f"# {pod.container}\n",
        "/workspace/main.py": 'print("hello from the emulator")\n',
        "/workspace/utf8.txt": "Grüße aus 東京 🚀\n",
    }


def resolve(cwd: str, path: str) -> str:
    """Give the absolute form of a path."""
    return posixpath.normpath(posixpath.join(cwd, path))


def held(pod: PodView, path: str) -> str | None:
    """Give what a file holds; None if there is no such file."""
    return files(pod).get(path)


def folder(pod: PodView, path: str) -> list[str] | None:
    """List what a folder shows, sorted; None if there is no such folder."""
    start = path.rstrip("/") + "/"
    below = [each.removeprefix(start) for each in files(pod) if each.startswith(start)]
    if not below and path not in {"/", pod.folder}:
        return None
    return sorted({each.split("/")[0] for each in below if not each.startswith(".")})

"""Load: the only code that opens manifests and the fleet file.

Lives here: finding files, reading them safely, the fleet. May touch files and nothing else; a file that
cannot be read is a problem, never an empty one.
"""

from __future__ import annotations

from reconciler.load.fleet import find_fleet, load_fleet
from reconciler.load.manifests import Loaded, load_manifests

__all__ = ["Loaded", "find_fleet", "load_fleet", "load_manifests"]

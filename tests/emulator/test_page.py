"""What docs/emulator.md says of streams is so."""

import dataclasses
import json
import re
from pathlib import Path

from reconciler.emulator import streamfaults
from reconciler.emulator.faults import Faults
from reconciler.emulator.runai import Habits
from reconciler.emulator.runai.programs import PROGRAMS

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
SAID = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))
NAMED = {word for name in SAID for word in name.split()[:1]}


def test_the_scripts_that_it_shows_are_scripts() -> None:
    scripts = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert scripts
    for script in scripts:
        Faults.from_data(json.loads(script))


def test_it_names_every_fault_of_a_stream() -> None:
    assert set() == streamfaults.KINDS - NAMED


def test_it_names_every_switch() -> None:
    assert {field.name for field in dataclasses.fields(Habits)} - NAMED == set()


def test_it_names_every_program() -> None:
    assert set(PROGRAMS) - NAMED == set()

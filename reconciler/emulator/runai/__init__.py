"""Emulate the Run:ai control plane and one of its clusters, strict and asynchronous.

May touch starlette and the other emulator parts. Must not know the reconciler: it is written from
the platform's documents alone, and is what tests believe.
"""

from reconciler.emulator.clock import ManualClock, ScaledClock
from reconciler.emulator.runai.emulator import Emulator
from reconciler.emulator.runai.habits import Habits
from reconciler.emulator.runai.phases import Pace
from reconciler.emulator.runai.switches import Switches

__all__ = ["Emulator", "Habits", "ManualClock", "Pace", "ScaledClock", "Switches"]

"""Emulate the Primus-SaFE server and one of its clusters, strict and asynchronous.

May touch starlette and the other emulator parts. Must not know the reconciler: it is written from
the platform's documents alone, and is what tests believe.
"""

from reconciler.emulator.clock import ManualClock, ScaledClock
from reconciler.emulator.primus_safe.emulator import Emulator
from reconciler.emulator.primus_safe.phases import Pace
from reconciler.emulator.primus_safe.switches import Switches

__all__ = ["Emulator", "ManualClock", "Pace", "ScaledClock", "Switches"]

"""Saved plans: what a file of `plan --out` says, and whether it still holds here and now. Pure.

`value.py` reads the document, `seal.py` proves its bytes, `binding.py` asks whether it was made for this
fleet, commit and hour, `moved.py` compares it with the plan of now. Files are opened elsewhere.
"""

from reconciler.plan.saved.binding import Here, not_for_here
from reconciler.plan.saved.moved import moved
from reconciler.plan.saved.seal import UNSEALED, check_seal, sealed
from reconciler.plan.saved.value import Asked, Issued, Saved, read_saved

__all__ = [
    "UNSEALED",
    "Asked",
    "Here",
    "Issued",
    "Saved",
    "check_seal",
    "moved",
    "not_for_here",
    "read_saved",
    "sealed",
]

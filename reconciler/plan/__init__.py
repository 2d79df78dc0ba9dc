"""The plan: what apply would do, what it costs, and why. Thinking only: no network, files or clock.

`make.py` makes it: `declared.py` decides what git declares, `removed.py` what git no longer does, by what
`known.py` holds and `consent.py` allows. `change.py` holds the values, `digest.py` fingerprints them,
`shown.py` hides what is secret in them. `saved/` holds a plan of now against one that was saved.
"""

from reconciler.plan.change import Action, Change, FieldChange, Impact, Plan, Prune, Stranger
from reconciler.plan.make import make_plan

__all__ = ["Action", "Change", "FieldChange", "Impact", "Plan", "Prune", "Stranger", "make_plan"]

"""The plan: what apply would do, what it costs, and why. Thinking only: no network, files or clock.

`change.py` holds the values, `ownership.py` and `actions.py` decide, `digest.py` fingerprints.
"""

from reconciler.plan.change import Action, Change, FieldChange, Impact, Plan, Prune, Stranger
from reconciler.plan.make import make_plan

__all__ = ["Action", "Change", "FieldChange", "Impact", "Plan", "Prune", "Stranger", "make_plan"]

"""Keep GPU workloads the way git says: validate, plan, apply, watch, find drift.

Start at `reconcile`: it tells the whole story and every command uses it. The modules beside it
are the words of the field; data flows one way, git to desired to plan to outcome to report.
"""

__version__ = "0.1.0"

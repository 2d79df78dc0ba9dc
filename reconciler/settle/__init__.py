"""Settle: wait until new and changed objects are well, and keep the words of those that are not.

`changes.py` knows what to wait for, `wait.py` watches, `verdict.py` judges and explains, `logs.py`
keeps the last lines while they exist, `cause.py` picks the line that says why. Nothing here writes to
a platform.
"""

from reconciler.settle.cause import causal_line
from reconciler.settle.changes import Settler
from reconciler.settle.wait import Settling, until_settled

__all__ = ["Settler", "Settling", "causal_line", "until_settled"]

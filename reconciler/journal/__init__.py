"""The journal: what this machine set out to do and what came of it, one checked line each.

`records.py` writes and reads lines, `store.py` keeps the file, `lock.py` lets one apply in. The file lies
in the user's state folder, never in the checkout, and is no source of truth: losing it costs a wait, not
an object.
"""

from reconciler.journal.records import REPLACING, Intent, Memory
from reconciler.journal.store import Journal, WriteAhead, remembered

__all__ = ["REPLACING", "Intent", "Journal", "Memory", "WriteAhead", "remembered"]

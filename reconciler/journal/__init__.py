"""The journal: what was set out to do and what came of it, and who may write.

`records.py` writes and reads lines, `store.py` keeps the file, `lock.py` lets one apply in on a machine.
The file lies in the user's state folder, never in the checkout, and is no source of truth: losing it costs
a wait, not an object. Where it is shared, `ref.py` keeps a lease (`lease.py`, held by `hold.py`) and the
memory (`memory.py`) in a ref of a git remote; `shared.py` opens both.
"""

from reconciler.journal.records import REPLACING, Intent, Memory
from reconciler.journal.shared import opened, recalled
from reconciler.journal.store import Journal, WriteAhead, journal_folder, remembered

__all__ = [
    "REPLACING",
    "Intent",
    "Journal",
    "Memory",
    "WriteAhead",
    "journal_folder",
    "opened",
    "recalled",
    "remembered",
]

"""Apply: carry a plan out, each write as intent, send, resolve; never two objects for one key.

`run.py` orders the changes, `write.py` does one of them, `send.py` sends and tells lost from refused,
`poll.py` waits, `lag.py` lets reads catch up, `check.py` compares and `words.py` explains. Nothing here
decides what should happen.
"""

from reconciler.apply.lag import outlast_lag
from reconciler.apply.poll import Patience
from reconciler.apply.run import apply_plan
from reconciler.apply.write import Stop

__all__ = ["Patience", "Stop", "apply_plan", "outlast_lag"]

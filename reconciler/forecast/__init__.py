"""Forecast: what will become of each ask in a plan, by the rules that the platform documents.

Pure thinking; outside of the plan's digest, since what others do changes it. Where quotas decide, it counts
the GPUs of a pool together, for nobody tells how they are spread; in a queue it looks node by node.
"""

from __future__ import annotations

from reconciler.forecast.supposed import let_through, supposed
from reconciler.forecast.walk import asks, forecast

__all__ = ["asks", "forecast", "let_through", "supposed"]

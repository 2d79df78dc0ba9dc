"""Forecast: what will become of each ask in a plan, by the rules that the platform documents.

Pure thinking; outside of the plan's digest, since what others do changes it. It counts the GPUs of a pool
together: how they are spread over its nodes nobody tells.
"""

from __future__ import annotations

from reconciler.forecast.walk import asks, forecast

__all__ = ["asks", "forecast"]

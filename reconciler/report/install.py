"""Write how to install a cluster; its secret only where somebody asked for it."""

from __future__ import annotations

from reconciler.provider import InstallInfo
from reconciler.report.jsonform import Document
from reconciler.report.safe import block, line
from reconciler.secret import SENSITIVE, Scrubber

_REVEAL = "The client secret is left out; --reveal shows it.\n"


def install_text(told: InstallInfo, *, reveal: bool) -> str:
    """Write the platform's steps, and where the chart is."""
    where = f"chart {line(told.repository)} from {line(told.chart_url)}\n"
    return f"{where}\n{block(_steps(told, reveal=reveal)).rstrip()}\n" + ("" if reveal else f"\n{_REVEAL}")


def install_document(told: InstallInfo, *, reveal: bool) -> Document:
    """Make the JSON document; `clientSecret` says that it is sensitive unless revealed."""
    return {
        "installationStr": _steps(told, reveal=reveal),
        "repositoryName": told.repository,
        "chartRepoURL": told.chart_url,
        "clientSecret": told.secret if reveal else SENSITIVE,
    }


def _steps(told: InstallInfo, *, reveal: bool) -> str:
    if reveal:
        return told.steps
    scrubber = Scrubber()
    scrubber.learn(told.secret)
    return scrubber.scrub(told.steps)

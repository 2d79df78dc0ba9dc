"""What the server's own codes say of a refusal: its statuses mislead.

Quota comes as an outage (503) or as a lack of rights (403), a workload that has ended as a fault of the
server (500), and a spec that is frozen as a lack of rights (403). What a webhook turned down was surely not
done, whatever the status.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import Conflict, Malformed, Rejected
from reconciler.resource import Json
from reconciler.transport.strict import read_json
from reconciler.transport.words import Answer, Verdict

NO_ROUTE, LARGE = "Primus.00005", "Primus.00006"
MISSING_FEATURE, QUOTA, FROZEN, NO_TEMPLATE = "Primus.00007", "Primus.00008", "Primus.00012", "Primus.01002"

_LESS = Verdict(Rejected, "ask for less, or for more nodes in the workspace; waiting does not help")
_BY_CODE: Mapping[str, Verdict] = {
    QUOTA: _LESS,
    LARGE: Verdict(Rejected),
    MISSING_FEATURE: Verdict(Rejected),
    FROZEN: Verdict(Conflict, "what a job was started with cannot change; replace it"),
    NO_TEMPLATE: Verdict(Rejected, "this server does not offer that kind"),
    NO_ROUTE: Verdict(Malformed, "check the target's url: this path is not served there"),
}
_BY_WORDS: tuple[tuple[str, Verdict], ...] = (
    ("can only be edited when it is running", Verdict(Conflict, "it has ended; plan again")),
    ("once the workload has been scheduled", Verdict(Conflict, "what a job was started with cannot change")),
    ("Insufficient resource", _LESS),
    ("workspace only supports", Verdict(Rejected, "choose a workspace for this kind; doctor tells of each")),
)
_DENIED = "denied the request:"
"""How a webhook turns something down. Rights are not its business, whatever the status says."""


def judged(answer: Answer) -> Verdict | None:
    """Say what a refusal is; None where its status says it."""
    code, words = envelope(answer)
    for said, verdict in _BY_WORDS:
        if said in words:
            return verdict
    if code in _BY_CODE:
        return _BY_CODE[code]
    return Verdict(Rejected) if _DENIED in words else None


def envelope(answer: Answer) -> tuple[str, str]:
    """Read `errorCode` and `errorMessage`; empty where there are none."""
    try:
        body = read_json(answer.body)
    except ValueError:
        return "", ""
    return (_text(body, "errorCode"), _text(body, "errorMessage")) if isinstance(body, dict) else ("", "")


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""

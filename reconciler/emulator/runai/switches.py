"""The questions that the platform's documents leave open, as switches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Switches:
    """How this emulator answers where nobody outside knows what the platform does.

    `merge_defaults`: reads show the spec with server defaults and normalised numbers.
    `reorder_lists`: lists of objects come back in another order.
    `duplicate_name_status`: 409 or 400 for a name that is taken.
    `list_env`: the list shows the environment.
    `gone_status`: what the by-type GET answers after deletion: 404, or 200 with `deletedAt`.
    `duplicate_cluster_status`: 400 or 409 for a cluster's name that is taken; None: names may repeat.
    `connect_after_s`: when a new cluster connects by itself, in emulated seconds; None: when told to.
    `lag_s`: how late the list, the count and `GET /workloads/{id}` are, in emulated seconds.
    `nim_type`: how lists spell the type of a NIM service.
    `refused_shows`: a manifest that Kubernetes refused shows as phase Failed, else it stays Creating.
    `nim_by_v2`: the common v2 read finds NIM services too.
    `master_inherits`: a `masterSpec` takes from `spec` what it does not say, the image included.
    `fractions_of_many`: portions of more than one GPU device per pod, which two texts disagree on.
    `refuse_inapplicable`: refuse, rather than ignore, a field that its text calls inapplicable.
    """

    merge_defaults: bool = False
    reorder_lists: bool = False
    duplicate_name_status: int = 409
    list_env: bool = True
    gone_status: int = 404
    lag_s: float = 0.0
    duplicate_cluster_status: int | None = 400
    connect_after_s: float | None = None
    nim_type: str = "NIMService"
    refused_shows: bool = False
    nim_by_v2: bool = True
    master_inherits: bool = False
    fractions_of_many: bool = True
    refuse_inapplicable: bool = False

    def __post_init__(self) -> None:
        if self.duplicate_name_status not in {400, 409}:
            raise ValueError("duplicate_name_status is 400 or 409")
        if self.gone_status not in {200, 404}:
            raise ValueError("gone_status is 200 or 404")

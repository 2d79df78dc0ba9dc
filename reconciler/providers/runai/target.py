"""The target block of a Run:ai control plane in the fleet file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from reconciler.hosts import origin_of


def _checked_url(url: str) -> str:
    origin_of(url)
    if "?" in url or "#" in url:
        raise ValueError("it has a query or a fragment")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_checked_url)]
_CLOSED = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Auth(BaseModel):
    """Sign in as a service account or with an access key."""

    model_config = _CLOSED

    clientId: str = Field(min_length=1, description="Client id of a service account or access key.")  # noqa: N815 - the file's key
    clientSecret: SecretStr = Field(  # noqa: N815 - the file's key
        min_length=1, description="Its secret; write ${{ secrets.NAME }}."
    )


class ScopeBlock(BaseModel):
    """Narrow the target to some of its projects."""

    model_config = _CLOSED

    projects: list[str] = Field(
        default_factory=list,
        description="Projects to look at; `cluster/project` where several clusters share a name.",
    )


class RunaiTarget(BaseModel):
    """Reach one NVIDIA Run:ai control plane and the clusters below it."""

    model_config = _CLOSED

    provider: Literal["runai"] = Field(description="Which platform this is.")
    url: Url = Field(description="Address of the control plane, such as https://acme.run.ai.")
    auth: Auth = Field(description="How to sign in.")
    scope: ScopeBlock = Field(
        default_factory=ScopeBlock, description="Which part of it. Default: all that the credentials see."
    )
    clusterApi: dict[str, Url] = Field(  # noqa: N815 - the file's key
        default_factory=dict,
        description="Where the cluster API of a cluster answers, by the cluster's name.",
    )
    apiLevel: Literal["2.22", "2.23", "2.24", "2.25"] | None = Field(  # noqa: N815 - the file's key
        default=None, description="Version of the control plane's API, where it is not to be found out."
    )

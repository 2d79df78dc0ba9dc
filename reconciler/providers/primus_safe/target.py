"""The target block of a Primus-SaFE server in the fleet file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from reconciler.hosts import origin_of


def _checked_url(url: str) -> str:
    origin_of(url)
    if "?" in url or "#" in url:
        raise ValueError("it has a query or a fragment")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_checked_url)]
_CLOSED = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
_ONE_OF = ("apiKey", "token", "cookie", "userId")


class Auth(BaseModel):
    """Sign in by exactly one credential."""

    model_config = ConfigDict(**_CLOSED, json_schema_extra={"minProperties": 1, "maxProperties": 1})

    apiKey: SecretStr | None = Field(  # noqa: N815 - the file's key
        default=None,
        min_length=1,
        description="An API key, `ak-…`; servers of the second generation make them. "
        "Write ${{ secrets.NAME }}.",
    )
    token: SecretStr | None = Field(
        default=None, min_length=1, description="A bearer token of a login. Write ${{ secrets.NAME }}."
    )
    cookie: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="The value of the login cookie `Token`, the way into servers of the first generation. "
        "Write ${{ secrets.NAME }}.",
    )
    userId: str | None = Field(  # noqa: N815 - the file's key
        default=None,
        min_length=1,
        description="The id of a user, where the server asks for no token: it is whoever knows the id.",
    )

    @model_validator(mode="after")
    def _is_one(self) -> Auth:
        stated = [name for name in _ONE_OF if getattr(self, name) is not None]
        if len(stated) != 1:
            raise ValueError(
                f"it states {' and '.join(stated) or 'nothing'}; state one of {', '.join(_ONE_OF)}"
            )
        return self


class ScopeBlock(BaseModel):
    """Narrow the target to some of its workspaces."""

    model_config = _CLOSED

    workspaces: list[str] = Field(default_factory=list, description="Workspaces to look at, by id.")


class PrimusSafeTarget(BaseModel):
    """Reach one AMD Primus-SaFE server."""

    model_config = _CLOSED

    provider: Literal["primus-safe"] = Field(description="Which platform this is.")
    url: Url = Field(description="Address of the server, such as https://safe.acme.com.")
    auth: Auth = Field(description="How to sign in: one of the four.")
    scope: ScopeBlock = Field(
        default_factory=ScopeBlock, description="Which part of it. Default: all that the credentials see."
    )
    generation: Literal[1, 2] | None = Field(
        default=None,
        description="Generation of the server, where it is not to be found out: 1 takes resource, image and "
        "entryPoint, 2 takes lists of them.",
    )

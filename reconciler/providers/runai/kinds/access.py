"""Access: ports, URLs and who may call them."""

from __future__ import annotations

from typing import Literal

from reconciler.block import Block, Flag, Port, Text, Whole, optional
from reconciler.providers.runai.kinds.block import excluded


class ContainerPort(Block):
    """Open one TCP port through a Kubernetes Service."""

    container: Port | None = optional("Port of the container, 1 to 65535. Needed.")
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"] | None = optional(
        "Kind of Service. Needed."
    )
    external: Whole | None = optional("Port on the outside. Default: the platform picks one.", ge=1, le=65535)
    tool_type: Text | None = optional("Kind of tool behind it, free text, such as `jupyter-notebook`.")
    tool_name: Text | None = optional("Name of the tool, for people.")
    name: Text | None = optional("Name of this entry, for rules of a policy.", min_length=1)
    exclude: Flag | None = excluded()


class ExposedUrl(Block):
    """Show one HTTP port of the container under a URL."""

    container: Port | None = optional("Port of the container, 1 to 65535. Needed.")
    url: Text | None = optional("The URL. Default: the platform makes one.")
    authorization_type: Literal["authenticatedUsers", "authorizedUsers", "authorizedGroups"] | None = (
        optional("Who may open it. Needs control plane 2.24.")
    )
    authorized_users: list[Text] | None = optional("Users who may open it. Excludes authorizedGroups.")
    authorized_groups: list[Text] | None = optional("Groups that may open it. Excludes authorizedUsers.")
    tool_type: Text | None = optional("Kind of tool behind it, free text, such as `jupyter-notebook`.")
    tool_name: Text | None = optional("Name of the tool, for people.")
    name: Text | None = optional("Name of this entry, for rules of a policy.", min_length=1)
    exclude: Flag | None = excluded()


class RelatedUrl(Block):
    """Link a page outside the platform, such as an experiment tracker."""

    url: Text | None = optional("The link. Needed.")
    type: Text | None = optional("Kind of page, free text, such as `wandb`.")
    name: Text | None = optional("Name of the link, for people.")
    exclude: Flag | None = excluded()


class ServingPort(Block):
    """Say where an inference listens, and who may call it."""

    container: Port | None = optional("Port of the container that serves, 1 to 65535.")
    protocol: Literal["http", "grpc"] | None = optional("Protocol spoken there. Default http.")
    authorization_type: (
        Literal[
            "public", "authenticatedUsers", "authorizedUsers", "authorizedGroups", "authorizedUsersOrGroups"
        ]
        | None
    ) = optional("Who may call. Default public. authorizedUsersOrGroups is the spelling before 2.24.")
    authorized_users: list[Text] | None = optional("Users who may call. Excludes authorizedGroups.")
    authorized_groups: list[Text] | None = optional("Groups that may call. Excludes authorizedUsers.")
    cluster_local_access_only: Flag | None = optional("Give no URL outside the cluster. Default false.")


class ExternalUrl(Block):
    """Say whether and under which URL a service is seen from outside its cluster."""

    expose_externally: Flag | None = optional("Give a URL outside the cluster. Default true.")
    exposed_url: Text | None = optional("The URL outside. Default: the platform makes one.")

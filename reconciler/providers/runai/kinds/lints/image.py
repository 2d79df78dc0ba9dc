"""Lints of the image: a tag that moves and is not asked for again."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.finding import is_open
from reconciler.problem import Problem
from reconciler.providers.runai.kinds.lints.pod import Pod, warned

STALE = "RC151"


def stale(pod: Pod) -> Iterator[Problem]:
    """Warn of an image whose tag moves while a node keeps the one it has."""
    image = pod.spec.get("image")
    if not isinstance(image, str) or is_open(image) or pod.spec.get("imagePullPolicy") != "IfNotPresent":
        return
    _, has_tag, tag = image.rpartition("/")[2].partition(":")
    if "@" in image or (has_tag and tag != "latest"):
        return
    tagged = "tag latest" if has_tag else "no tag, which means latest"
    yield warned(
        STALE,
        pod.at("imagePullPolicy"),
        f"is IfNotPresent, but the image has {tagged}: a node that has an old one runs that",
        "name a tag that does not move, or write imagePullPolicy: Always",
    )

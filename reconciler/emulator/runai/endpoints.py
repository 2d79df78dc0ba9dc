"""Where a workload can be reached from outside its cluster: a pure function of what was asked."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from reconciler.emulator.runai.crew import lead
from reconciler.emulator.runai.records import Spec, Workload, made_id

Json = Any
_DOMAIN = "runai.emulator.invalid"
_NODE_PORTS = (30000, 32768)


def endpoints(one: Workload) -> list[dict[str, Json]]:
    """Show what serves, then the tools, then the ports that lead outside."""
    return [*_serving(one), *_tools(one), *_ports(one)]


def _serving(one: Workload) -> Iterator[dict[str, Json]]:
    serving = one.spec.get("servingPort") or {}
    is_local = serving.get("clusterLocalAccessOnly") or serving.get("exposeExternally") is False
    if serving and not is_local:
        yield _web(serving.get("exposedUrl") or f"https://{one.name}-{one.project.name}.{_DOMAIN}/")


def _tools(one: Workload) -> Iterator[dict[str, Json]]:
    for asked in _listed(one, "exposedUrls"):
        host = f"{one.name}-{asked.get('container')}-{one.project.name}.{_DOMAIN}"
        yield _web(asked.get("url") or f"https://{host}/")


def _ports(one: Workload) -> Iterator[dict[str, Json]]:
    for asked in _listed(one, "ports"):
        if asked.get("serviceType") in {"NodePort", "LoadBalancer"}:
            host = f"{one.name}-{one.project.name}.{_DOMAIN}"
            port = asked.get("external") or _given(one, asked)
            yield _endpoint(host, port, "", is_safe=False, protocol="tcp", url=f"{host}:{port}")


def _listed(one: Workload, key: str) -> list[Spec]:
    return [each for each in lead(one).get(key) or () if not each.get("exclude")]


def _given(one: Workload, asked: Spec) -> int:
    """Choose the outer port that nobody asked for: a load balancer keeps the inner one."""
    if asked["serviceType"] == "LoadBalancer":
        return int(asked["container"])
    low, high = _NODE_PORTS
    return low + int(made_id(one.id, asked["container"])[:8], 16) % (high - low)


def _web(url: str) -> dict[str, Json]:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    is_safe = parts.scheme != "http"
    port = parts.netloc.rpartition(":")[2]
    number = int(port) if port.isdigit() else (443 if is_safe else 80)
    path = parts.path or "/"
    return _endpoint(parts.hostname or url, number, path, is_safe=is_safe, protocol="http", url=url)


def _endpoint(host: str, port: int, path: str, *, is_safe: bool, protocol: str, url: str) -> dict[str, Json]:
    return {
        "host": host,
        "port": port,
        "path": path,
        "tlsEnabled": is_safe,
        "protocol": protocol,
        "url": url,
    }

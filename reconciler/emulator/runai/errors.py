"""The control plane's way of saying no."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Json = Any


class ApiError(Exception):
    """Refuse a request with the control plane's own envelope.

    `extra` adds keys such as `complianceIssues` to the body.
    """

    def __init__(
        self, status: int, message: str, details: str = "", extra: dict[str, Json] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.extra = extra or {}

    def body(self) -> dict[str, Json]:
        """Spell the envelope: the code repeats the HTTP status."""
        return {
            "code": self.status,
            "message": self.message,
            "details": self.details or self.message,
            **self.extra,
        }


async def render(_: Request, error: Exception) -> Response:
    """Answer an ApiError as JSON; anything else is a plain-text 500, as behind a real gateway.

    A coroutine, because Starlette sends any other handler to a thread of a pool, and waits for it.
    """
    if not isinstance(error, ApiError):
        return Response("Internal Server Error", status_code=500, media_type="text/plain")
    return JSONResponse(error.body(), status_code=error.status)


def bad_request(message: str, issues: list[dict[str, str]] | None = None) -> ApiError:
    """Refuse a submission; `issues` are policy rules it breaks."""
    return ApiError(400, f"Bad request - {message}", message, {"complianceIssues": issues} if issues else {})


def not_found(what: str) -> ApiError:
    """Say that something is not there."""
    return ApiError(404, f"Not found - {what}", what)


def forbidden() -> ApiError:
    """Say that the caller lacks a permission, in the product's two words."""
    return ApiError(403, "insufficient permissions", "insufficient permissions")

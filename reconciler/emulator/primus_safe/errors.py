"""The server's way of saying no: `errorCode` and `errorMessage`.

Its own errors have a numbered code; what Kubernetes refuses keeps Kubernetes' reason.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

VALIDATOR = "vworkload.kb.io"
BAD_REQUEST, FORBIDDEN, NOT_FOUND, TOO_LARGE = "00002", "00003", "00005", "00006"
INTERNAL, INSUFFICIENT, UNAUTHORIZED, UNREGISTERED = "00001", "00008", "00009", "00011"
FROZEN, NO_WORKLOAD, NO_TEMPLATE = "00012", "01001", "01002"


class ApiError(Exception):
    """Refuse a request; `code` is four or five digits of ours, or a reason of Kubernetes."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = f"Primus.{code}" if code.isdigit() else code
        self.message = message

    def body(self) -> dict[str, str]:
        """Spell the envelope."""
        return {"errorCode": self.code, "errorMessage": self.message}


class Panic(Exception):
    """The server's own mistake: 500, and nothing in the body."""


async def render(_: Request, error: Exception) -> Response:
    """Answer an ApiError as JSON, and anything else as a panic."""
    if not isinstance(error, ApiError):
        return Response(b"", status_code=500)
    return JSONResponse(error.body(), status_code=error.status)


def bad_request(message: str) -> ApiError:
    """Refuse what cannot be meant."""
    return ApiError(400, BAD_REQUEST, f"Bad request. {message}")


def internal(message: str) -> ApiError:
    """Answer 500 with a reason."""
    return ApiError(500, INTERNAL, f"Internal error. {message}")


def forbidden(message: str) -> ApiError:
    """Refuse what the caller, or anybody, may not do."""
    return ApiError(403, FORBIDDEN, message)


def unauthorized(message: str) -> ApiError:
    """Say that nobody known is asking."""
    return ApiError(401, UNAUTHORIZED, message)


def not_registered(user_id: str) -> ApiError:
    """Say that the one who asks has no account."""
    return ApiError(401, UNREGISTERED, f"user({user_id}) is not registered")


def no_workload(id_: str) -> ApiError:
    """Say that no row has this id."""
    return ApiError(404, NO_WORKLOAD, f"Workload {id_} not found.")


def not_found(what: str) -> ApiError:
    """Say that there is no such thing, or route."""
    return ApiError(404, NOT_FOUND, f"{what} not found")


def insufficient(message: str) -> ApiError:
    """Say that there is not enough of something; waiting does not help."""
    return ApiError(503, INSUFFICIENT, f"Insufficient resource: {message}")


def kubernetes_not_found(plural: str, name: str) -> ApiError:
    """Pass on that Kubernetes does not have an object."""
    return ApiError(404, "NotFound", f'{plural} "{name}" not found')


def invalid(name: str, causes: Sequence[str]) -> ApiError:
    """Pass on that Kubernetes refuses the metadata of an object."""
    said = causes[0] if len(causes) == 1 else f"[{', '.join(causes)}]"
    return ApiError(422, "Invalid", f'Workload.amd.com "{name}" is invalid: {said}')


def from_webhook(error: ApiError, hook: str = VALIDATOR) -> ApiError:
    """Put the API server's words before a refusal of a webhook; code and status stay."""
    code = error.code.removeprefix("Primus.")
    return ApiError(error.status, code, f'admission webhook "{hook}" denied the request: {error.message}')


def aggregate(messages: Sequence[str]) -> ApiError:
    """Refuse for several reasons at once, as one bad request."""
    return bad_request(messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]")

"""The server over HTTP, and its protection by host names and a token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse

from memctl.core.errors import MemctlError, UsageError

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
SHORTEST_TOKEN = 16


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check(host: str, allowed: Sequence[str], token: str | None, token_name: str) -> None:
    """Raise UsageError if other machines could reach the server without a token, or by any host name."""
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"the token has fewer than {SHORTEST_TOKEN} characters", where=token_name)
    if is_loopback(host) and not allowed:
        return
    if token is None:
        raise UsageError(
            "a server that other machines can reach needs a token", where="--http", hint=f"set {token_name} to a secret"
        )
    if not allowed and host.strip("[]") in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        raise UsageError(
            f"clients do not use {host} as a host name", where="--host", hint="pass the name they use with --allow-host"
        )


def application(server: Server[Any], host: str, allowed: Sequence[str], token: str | None) -> ASGIApp:
    """The application. It answers at `/mcp` if the Authorization header has the token, and at `/mcp/TOKEN`.

    It refuses requests that name a host that is not loopback, `host` or in `allowed`, and requests from web pages of
    such hosts.
    """
    bound = f"[{host}]" if ":" in host and not host.startswith("[") else host
    names = dict.fromkeys((*LOOPBACK, bound, *allowed))
    security = TransportSecuritySettings(
        allowed_hosts=[form for name in names for form in (name, f"{name}:*")],
        allowed_origins=[
            f"{scheme}://{form}" for scheme in ("http", "https") for name in names for form in (name, f"{name}:*")
        ],
    )
    # No state is kept between requests, so that any of several processes can answer the next one.
    app = server.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=security, host=host
    )
    return app if token is None else _Guarded(app, token)


class _Guarded:
    """An application that refuses requests without the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Assistants that cannot send a header put the token into the path.
            in_path = str(scope["path"]).removeprefix(f"{PATH}/").encode("utf-8", "surrogateescape")
            headers = [value for name, value in scope["headers"] if name == b"authorization"]
            kind, _, in_header = (headers[0] if headers else b"").partition(b" ")
            if hmac.compare_digest(in_path, self._token):
                scope = dict(scope) | {"path": PATH, "raw_path": PATH.encode()}
            elif kind.lower() != b"bearer" or not hmac.compare_digest(in_header.strip(), self._token):
                refusal = PlainTextResponse("the token is missing or wrong\n", 401, {"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def serve_http(app: ASGIApp, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until the process is interrupted. Raises MemctlError if it cannot listen, for example on a port in use."""
    import uvicorn

    # Requests are not logged, because a path may contain the token.
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
    address = host.strip("[]")
    try:
        listening = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # Python adds the address
        raise MemctlError(
            f"cannot listen on this address: {reason}",
            where=f"{host}:{port}",
            hint="choose another --port or --host",
        ) from None
    bound = f"[{address}]" if ":" in address else address
    with listening, suppress(KeyboardInterrupt), warnings.catch_warnings():
        # An interrupt before the first step of the server leaves its coroutine, which Python would warn about.
        warnings.simplefilter("ignore", RuntimeWarning)
        say(f"listening on http://{bound}:{port}{PATH}; press Ctrl-C to stop")
        uvicorn.Server(config).run(sockets=[listening])

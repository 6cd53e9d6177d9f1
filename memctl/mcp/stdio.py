"""The server over stdin and stdout."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import anyio
import mcp_types as types
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

ENDED = (KeyboardInterrupt, anyio.BrokenResourceError, anyio.ClosedResourceError, BrokenPipeError)
"""The exceptions of the SDK if it is interrupted, or the client disconnects, while it sends a message."""
_NOT_JSON = ("json_invalid", "string_unicode")
"""How pydantic names the errors of a text that is not JSON."""


def serve_stdio(server: Server[Any], close: Callable[[], None]) -> None:
    """Serve until stdin ends or the process is interrupted, then close and end the process.

    Everything that is printed in the meantime goes to stderr. After an interrupt the process ends here, because Python
    would wait for the thread that reads stdin, and that thread for the client's next line.
    """

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing), anyio.create_task_group() as tasks:
            if os.name == "posix" and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                tasks.start_soon(end_on_interrupt)
            await serve(server, incoming, outgoing)
            tasks.cancel_scope.cancel()

    async def end_on_interrupt() -> None:
        with anyio.open_signal_receiver(signal.SIGINT) as interrupts:
            async for _ in interrupts:
                close()
                os._exit(0)

    try:
        anyio.run(run)
    except KeyboardInterrupt:
        pass
    except BaseExceptionGroup as group:
        if group.split(ENDED)[1] is not None:
            raise
    else:
        close()
        return
    close()
    os._exit(0)


async def serve(server: Server[Any], incoming: Any, outgoing: Any) -> None:
    """Serve the messages of `incoming` until it ends and every request is answered.

    The SDK alone would ignore a line that is not a message, and refuse the calls that are unfinished when stdin ends.
    """
    to_server, from_client = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    requests = _Requests()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(requests.pass_on, incoming, to_server, to_client.clone())
        tasks.start_soon(requests.answer, from_server, outgoing)
        await server.run(from_client, to_client, server.create_initialization_options())


class _Requests:
    """The requests that are not answered yet."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._ended = False
        self._all_answered = anyio.Event()

    async def pass_on(
        self,
        incoming: ObjectReceiveStream[SessionMessage | Exception],
        server: ObjectSendStream[SessionMessage | Exception],
        client: ObjectSendStream[SessionMessage],
    ) -> None:
        """Pass the client's messages to the server, which gets no end before it has answered every request."""
        async with incoming, server, client:
            async for item in incoming:
                if isinstance(item, Exception):
                    if refusal := _refusal(item):
                        await client.send(SessionMessage(refusal))
                    continue
                message = item.message
                if isinstance(message, types.JSONRPCRequest):
                    self._ids.add(str(message.id))
                elif isinstance(message, types.JSONRPCNotification) and message.method == "notifications/cancelled":
                    # A request that the client has cancelled gets no answer.
                    self._done((message.params or {}).get("requestId"))
                await server.send(item)
            self._ended = True
            if self._ids:
                await self._all_answered.wait()

    async def answer(
        self, server: ObjectReceiveStream[SessionMessage], outgoing: ObjectSendStream[SessionMessage]
    ) -> None:
        """Pass the server's messages to the client."""
        async with server, outgoing:
            async for item in server:
                await outgoing.send(item)
                if isinstance(item.message, types.JSONRPCResponse | types.JSONRPCError):
                    self._done(item.message.id)

    def _done(self, id_: object) -> None:
        self._ids.discard(str(id_))
        if self._ended and not self._ids:
            self._all_answered.set()


def _refusal(error: Exception) -> types.JSONRPCError | None:
    """The answer to a line that is not a message, with the id of the request if it has one; None for an empty line."""
    problems = error.errors() if isinstance(error, ValidationError) else []
    if problems and problems[0]["type"] in _NOT_JSON:
        if not str(problems[0]["input"]).strip():
            return None
        data = types.ErrorData(code=types.PARSE_ERROR, message="Parse error: the line is not JSON")
        return types.JSONRPCError(jsonrpc="2.0", id=None, error=data)
    ids = [problem["input"].get("id") for problem in problems if isinstance(problem["input"], dict)]
    id_ = next((value for value in ids if isinstance(value, str | int) and not isinstance(value, bool)), None)
    data = types.ErrorData(code=types.INVALID_REQUEST, message="Invalid request: the line is not a JSON-RPC message")
    return types.JSONRPCError(jsonrpc="2.0", id=id_, error=data)

"""A connection to a running kernel, as JupyterLab's cells have it."""

from __future__ import annotations

import json
import uuid
from types import TracebackType

from websockets.sync.client import ClientConnection

from .errors import HubError


class Kernel:
    """A context manager: one connection to a running kernel."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._session = uuid.uuid4().hex

    def __enter__(self) -> Kernel:
        self._connection.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.__exit__(kind, error, trace)

    def execute(self, code: str, timeout: float = 60) -> str:
        """The cell's printed text and its result; HubError with the kernel's traceback if it raised."""
        request = uuid.uuid4().hex
        self._connection.send(json.dumps(self._execute_request(request, code)))
        shown: list[str] = []
        while True:
            message = json.loads(self._connection.recv(timeout=timeout))
            if message.get("parent_header", {}).get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind == "execute_result":
                shown.append(content["data"]["text/plain"])
            elif kind == "error":
                raise HubError("\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(shown).strip()

    def _execute_request(self, identifier: str, code: str) -> dict[str, object]:
        header = {
            "msg_id": identifier,
            "msg_type": "execute_request",
            "username": "",
            "session": self._session,
            "date": "",
            "version": "5.3",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        return {
            "header": header, "parent_header": {}, "metadata": {}, "content": content,
            "channel": "shell", "buffers": [],
        }  # fmt: skip

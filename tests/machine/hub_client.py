"""What a person does with a browser: sign in, wait for the server, open JupyterLab, run a line of code."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from .errors import HubError
from .kernel import Kernel

_NAVIGATION = {
    "Accept": "text/html,*/*",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "User-Agent": "Mozilla/5.0 tljh-tests",
}
_MOST_REDIRECTS = 20


class HubClient:
    """A context manager: one browser profile, for one hub behind its proxy."""

    def __init__(self, url: str, base_url: str = "/", verify: bool = True, timeout: float = 30) -> None:
        self._hub = base_url.rstrip("/") + "/hub"
        self._base = base_url.rstrip("/")
        self._http = httpx.Client(
            base_url=url,
            timeout=timeout,
            verify=verify,
            follow_redirects=True,
            max_redirects=_MOST_REDIRECTS,
            trust_env=False,
        )
        self._user = ""

    def __enter__(self) -> HubClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def is_up(self) -> bool:
        """Whether the hub's sign-in page is served."""
        try:
            page = self.page(f"{self._hub}/login")
        except (httpx.HTTPError, HubError):
            return False
        return "<form" in page

    def page(self, path: str) -> str:
        """Go to a page as by typing its address; redirects are followed."""
        return _text(self._http.get(path, headers=_NAVIGATION))

    def sign_in(self, user: str, password: str) -> None:
        """Fill in the form; HubError with the form's own words if the hub refuses."""
        form = self.page(f"{self._hub}/login?next=")
        fields = {"username": user, "password": password, "_xsrf": _hidden(form, "_xsrf")}
        # `next` is a page that starts nothing, so that the server is started by whoever asks for it.
        answer = self._http.post(
            f"{self._hub}/login",
            params={"next": f"{self._hub}/token"},
            data=fields,
            headers={**_NAVIGATION, "Referer": str(self._http.base_url)},
        )
        page = answer.text
        if answer.status_code != 200 or 'name="password"' in page:
            refusal = re.search(r'class="login_error[^>]*>(.*?)</p>', page, re.DOTALL)
            unexpected = f"{answer.status_code} at {answer.url}\n{_start(page)}"
            reason = refusal[1].strip() if refusal else unexpected
            raise HubError(f"{user} could not sign in: {html.unescape(reason)}")
        self._user = user

    def start_server(self, timeout: float = 120) -> list[str]:
        """Start the user's server and follow its progress; the messages that were shown."""
        page = self.page(f"{self._hub}/spawn/{self._user}")
        source = re.search(r'new EventSource\("([^"]+)"\)', page)
        if source is None:
            # Already running, or so fast that the pending page was never shown.
            return []
        address = json.loads(f'"{html.unescape(source[1])}"')
        messages: list[str] = []
        for event in self._events(address, timeout):
            messages.append(str(event.get("message", "")))
            if event.get("failed"):
                raise HubError(f"the server of {self._user} did not start: {' / '.join(messages)}")
            if event.get("ready"):
                return messages
        raise HubError(f"the progress of {self._user}'s server ended early: {' / '.join(messages)}")

    def open_lab(self) -> str:
        """JupyterLab's page, through the OAuth redirects of the first visit."""
        page = self.page(f"{self._server}/lab")
        if "jupyter-config-data" not in page or "JupyterLab" not in page:
            raise HubError(f"not JupyterLab: {_start(page)}")
        return page

    def stop_server(self) -> None:
        address = f"{self._hub}/api/users/{self._user}/server"
        _text(self._http.delete(address, headers=self._api_headers(self._hub)))

    def start_kernel(self, name: str = "python3") -> Kernel:
        """A kernel of the user's server; `open_lab` comes first, as in a browser."""
        answer = self._http.post(
            f"{self._server}/api/kernels", json={"name": name}, headers=self._api_headers(self._server)
        )
        identifier = json.loads(_text(answer))["id"]
        return Kernel(self._channels(identifier))

    def execute(self, code: str, timeout: float = 60) -> str:
        """What a cell with this code shows, run in a kernel of its own."""
        with self.start_kernel() as kernel:
            return kernel.execute(code, timeout)

    @property
    def _server(self) -> str:
        return f"{self._base}/user/{self._user}"

    def _events(self, address: str, timeout: float) -> Iterator[dict[str, object]]:
        headers = {
            "Accept": "text/event-stream",
            "Sec-Fetch-Dest": "empty",
            "Sec-Fetch-Mode": "cors",
            "Sec-Fetch-Site": "same-origin",
        }
        with self._http.stream("GET", address, headers=headers, timeout=timeout) as stream:
            if stream.status_code != 200:
                stream.read()
                _text(stream)
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    def _api_headers(self, path: str) -> dict[str, str]:
        referer = str(self._http.base_url.join(f"{path}/"))
        return {"X-XSRFToken": self._xsrf(path), "Referer": referer, "Accept": "application/json"}

    def _xsrf(self, path: str) -> str:
        """The token of the part of the site below `path`; the hub and each server have their own."""
        for cookie in self._http.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path.rstrip("/") == path and cookie.value:
                return cookie.value
        raise HubError(f"no _xsrf cookie for {path}")

    def _channels(self, kernel: str) -> ClientConnection:
        """The websocket of a kernel, with the browser's own cookies."""
        path = f"{self._server}/api/kernels/{kernel}/channels"
        request = self._http.build_request("GET", path, params={"session_id": uuid.uuid4().hex})
        split = urlsplit(str(request.url))
        scheme = "wss" if split.scheme == "https" else "ws"
        return connect(
            split._replace(scheme=scheme).geturl(),
            origin=Origin(f"{split.scheme}://{split.netloc}"),
            additional_headers={"Cookie": request.headers["Cookie"], "X-XSRFToken": self._xsrf(self._server)},
            proxy=None,
            max_size=None,
        )


def _text(answer: httpx.Response) -> str:
    if answer.status_code >= 400:
        asked = f"{answer.request.method} {answer.url}"
        raise HubError(f"{answer.status_code} from {asked}: {_start(answer.text)}")
    return answer.text


def _hidden(page: str, name: str) -> str:
    field = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    if field is None:
        raise HubError(f"no field {name} in the form: {_start(page)}")
    return html.unescape(field[1])


def _start(page: str) -> str:
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(plain.split())[:600]

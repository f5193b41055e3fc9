"""HTTP for discovery: the machine's proxies, certificates and credentials, retries, and errors for people."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential

from tljh import __version__
from tljh.discovery.errors import TooLarge
from tljh.errors import InvalidInput, NetworkError
from tljh.index_settings import IndexSettings, without_credentials

ATTEMPTS = 3
PAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest page that is read; the longest on the public index is a fifth of it."""
_TRANSIENT = {429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer; `url` is where it came from after redirects, without credentials."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


class StatusError(NetworkError):
    """The server answered with an error."""

    code = "http-status"

    def __init__(self, status: int, url: str) -> None:
        host = host_of(url)
        hints = {
            401: f"Set the credentials of {host} in PIP_INDEX_URL, pip.conf or ~/.netrc.",
            403: f"{host} refuses it: check the credentials, or whether a proxy filters it.",
            407: "Set the proxy with its credentials in https_proxy.",
            404: "Check the URL.",
        }
        transient = status in _TRANSIENT
        hint = "Try again in a few minutes." if transient else "Check the index and proxy settings."
        super().__init__(f"{host} answered with HTTP {status} for {url}.", hints.get(status, hint))
        self.status = status


class Http:
    """An async HTTP client whose errors are NetworkError, and InvalidInput for settings."""

    def __init__(self, settings: IndexSettings, *, attempts: int = ATTEMPTS, pause: float = 0.25) -> None:
        self.settings = settings
        self._attempts = attempts
        self._pause = pause
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Http:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None

    async def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, limit: int = PAGE_LIMIT
    ) -> Reply:
        """GET a whole page; statuses under 500 are the caller's to judge. Raises NetworkError."""
        async for attempt in self._retrying():
            with attempt:
                async with self._open(url, headers) as response:
                    content = await self._read(response, limit)
                    return Reply(response.status_code, response.headers, content, public(response))
        raise AssertionError

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """A response whose body has not been read. Errors while reading it are translated as well."""
        try:
            async with self._open(url, headers) as response:
                yield response
        except httpx.HTTPStatusError as error:
            raise StatusError(error.response.status_code, public(error.response)) from None

    @asynccontextmanager
    async def _open(self, url: str, headers: Mapping[str, str] | None) -> AsyncIterator[httpx.Response]:
        if self._client is None:
            self._client = make_client(self.settings, httpx.AsyncClient)
        try:
            async with self._client.stream(
                "GET", strip(url), headers=headers, auth=auth_for(url, self.settings)
            ) as response:
                if response.status_code in _TRANSIENT:
                    raise StatusError(response.status_code, public(response))
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise translate(error, url, self.settings) from error

    @staticmethod
    async def _read(response: httpx.Response, limit: int) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > limit:
                raise TooLarge(
                    f"{public(response)} is larger than {limit >> 20} MiB.", "Check the index URL."
                )
        return bytes(content)

    def _retrying(self) -> AsyncRetrying:
        def give_up(state: RetryCallState) -> Any:
            assert state.outcome is not None
            return state.outcome.result()

        return AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential(multiplier=self._pause, max=2),
            retry=retry_if_exception(is_transient),
            retry_error_callback=give_up,
            reraise=True,
        )


def is_transient(error: BaseException) -> bool:
    """Whether the same request may well succeed a moment later."""
    if isinstance(error, StatusError):
        return error.status in _TRANSIENT
    cause = error.__cause__
    if not isinstance(error, NetworkError) or "certificate" in str(cause).lower():
        return False
    return isinstance(cause, (httpx.NetworkError, httpx.RemoteProtocolError))


def make_client(settings: IndexSettings, kind: type[Any], **options: Any) -> Any:
    """An httpx client (of either kind) with the machine's settings. Raises InvalidInput."""
    transport = httpx.AsyncHTTPTransport if kind is httpx.AsyncClient else httpx.HTTPTransport
    mounts = {}
    for host in settings.trusted_hosts:
        through = settings.proxy or (None if proxy_bypass(host) else getproxies().get("https"))
        mounts[f"https://{host}"] = transport(verify=False, proxy=through)
    try:
        return kind(
            verify=_certificates(settings),
            timeout=httpx.Timeout(settings.timeout, connect=min(settings.timeout, 10.0)),
            follow_redirects=True,
            proxy=settings.proxy,
            mounts=mounts,
            headers={"User-Agent": f"tljh-wizard/{__version__}"},
            **options,
        )
    except (ValueError, httpx.InvalidURL, ImportError) as error:
        raise InvalidInput(
            f"The proxy settings cannot be used: {error}", "Correct https_proxy, http_proxy and all_proxy."
        ) from None


def _certificates(settings: IndexSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.cert)
        if not settings.cert and not context.cert_store_stats()["x509_ca"]:
            import certifi

            context.load_verify_locations(certifi.where())
        if settings.client_cert:
            context.load_cert_chain(settings.client_cert)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            f"The certificates in {settings.client_cert or settings.cert} cannot be read: {error}.",
            "Correct `cert` in pip.conf, PIP_CERT, REQUESTS_CA_BUNDLE or SSL_CERT_FILE.",
        ) from None
    return context


def auth_for(url: str, settings: IndexSettings) -> httpx.Auth | None:
    """The credentials for a URL: its own, else those of an index on the same host, else ~/.netrc."""
    target = urlsplit(url)
    for known in (url, *settings.index_urls, *settings.find_links):
        parts = urlsplit(known)
        same = (parts.scheme, parts.hostname, parts.port) == (target.scheme, target.hostname, target.port)
        if same and parts.username:
            return httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
    if settings.netrc:
        try:
            return httpx.NetRCAuth(settings.netrc)
        except (OSError, SyntaxError):
            return None
    return None


def translate(error: Exception, url: str, settings: IndexSettings) -> NetworkError:
    """What an error of the HTTP library means, for people."""
    host = host_of(url)
    words = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        return NetworkError(
            f"{host} did not answer within {settings.timeout:g} s.",
            "Check the network and the proxy; PIP_TIMEOUT sets a longer time.",
        )
    if isinstance(error, httpx.ProxyError):
        return NetworkError(f"The proxy refused to connect to {host}: {words}.", "Check https_proxy.")
    if "certificate" in words.lower():
        return NetworkError(
            f"The certificate of {host} is not trusted: {words}",
            "Set SSL_CERT_FILE, or `cert` in pip.conf, to the certificate of your organisation.",
        )
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return NetworkError(
            f"{without_credentials(url)} is not a URL that can be fetched.", "Check the index settings."
        )
    return NetworkError(
        f"{host} could not be reached: {words}.",
        "Check the network, https_proxy and the index settings (`pip config list`).",
    )


def host_of(url: str) -> str:
    return urlsplit(url).hostname or url


def strip(url: str) -> str:
    """The URL without user, password and fragment."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def public(response: httpx.Response) -> str:
    return strip(str(response.url))

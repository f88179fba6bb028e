"""Who may come in: by which name, from which page, with which key; and what browsers are told."""

import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lingseg.web.problem import Problem

LOOPBACK: Final = frozenset(["127.0.0.1", "localhost", "::1"])
MIN_KEY: Final = 16
"""Letters of a key: fewer could be guessed."""
_OPEN: Final = frozenset(
    [
        *(
            "/",
            "/health",
            "/api",
            "/openapi.json",
            "/favicon.ico",
            "/favicon.svg",
            "/assets-of-api/style.css",
        ),
        *("/auth/", "/auth/token"),
    ]
)
"""What tells nothing of anybody, so that a browser can fetch it before it has the key."""
_HOST = re.compile(r"\[(?P<six>[0-9a-f:.]+)\](?::\d{1,5})?|(?P<name>[a-z0-9._-]+)(?::\d{1,5})?")

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, kw_only=True)
class Door:
    """Who may come in."""

    hosts: frozenset[str] = LOOPBACK
    """Names that the server is called by. Another page's name that leads here is none of them."""
    takes_addresses: bool = False
    """Whether a bare address will do: it is not a name that somebody else could point here."""
    key: str | None = None
    """What a client has to know; None: nothing, on a machine that only its user reaches."""
    origins: frozenset[str] = frozenset()
    """Pages from elsewhere that may call, such as a hospital's viewer: `https://host[:port]`."""

    def __post_init__(self) -> None:
        """Refuse a door that does not close.

        Raises:
            ValueError: Others than this machine may come in, without a key or with a short one.
        """
        if self.key is None and (self.takes_addresses or not all(map(is_loopback, self.hosts))):
            raise ValueError("A server that others reach needs a key. Give --key, or leave --host.")
        if self.key is not None and (len(self.key) < MIN_KEY or not self.key.isascii()):
            raise ValueError(
                f"The key has {len(self.key)} letters; expected {MIN_KEY} or more, in ASCII. "
                f"Leave it out to have one made."
            )

    def knows(self, host: str) -> bool:
        """Tell whether a Host header names this server."""
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found["six"] or found["name"]
        return name in self.hosts or (self.takes_addresses and _is_address(name))

    def opens_to(self, authorization: str) -> bool:
        """Tell whether an Authorization header has the key; how long that takes tells nothing."""
        if self.key is None:
            return True
        scheme, _, given = authorization.partition(" ")
        asked = sha256(given.strip().encode("utf-8", "surrogateescape")).digest()
        is_key = hmac.compare_digest(asked, sha256(self.key.encode()).digest())
        return is_key and scheme.lower() == "bearer"


def make_key() -> str:
    """Return a new key."""
    return secrets.token_urlsafe(32)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a server there."""
    if host in LOOPBACK:
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


class Security:
    """Checks every request before anything of it is read, and marks every answer."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        """Wrap an application."""
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        foreign = origin if origin in self._door.origins else None

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(MutableHeaders(scope=message), foreign)
            await send(message)

        try:
            self._check(scope, headers)
        except Problem as problem:
            await problem.response()(scope, receive, marked)
            return
        if foreign is not None and scope["method"] == "OPTIONS":
            await _preflight(scope, receive, marked)
            return
        await self._app(scope, receive, marked)

    def _check(self, scope: Scope, headers: Headers) -> None:
        """Refuse a request by another name, from another page, or without the key.

        Raises:
            Problem: It is one of these.
        """
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._door.knows(hosts[0]):
            raise Problem(
                403,
                "forbidden",
                "The server is not known by this name. Call it by the address that it printed.",
                closes=True,
            )
        is_foreign_page = headers.get("origin", "") in self._door.origins
        if not is_foreign_page and not _is_own_page(scope, headers, hosts[0]):
            raise Problem(403, "forbidden", "Another page may not use this server.", closes=True)
        is_open = scope["path"] in _OPEN or scope["path"].startswith("/assets/")
        is_preflight = is_foreign_page and scope["method"] == "OPTIONS"
        if not (is_open or is_preflight or self._door.opens_to(headers.get("authorization", ""))):
            raise Problem(
                401,
                "key-needed",
                "This server needs its key, which it printed when it was started.",
                closes=True,
            )


def _is_own_page(scope: Scope, headers: Headers, host: str) -> bool:
    """Tell whether a request comes from our own page, from the address line, or from no browser."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() == f"{scope['scheme']}://{host.lower()}"
    site = headers.get("sec-fetch-site", "none")
    is_visit = headers.get("sec-fetch-mode") == "navigate" and scope["path"] in _OPEN
    return site in ("none", "same-origin") or is_visit


def _mark(headers: MutableHeaders, foreign: str | None) -> None:
    """Put on an answer what a browser is to heed."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    if foreign is not None:
        headers["Access-Control-Allow-Origin"] = foreign
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.add_vary_header("Origin")


async def _preflight(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell a browser what a page from elsewhere may do."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept",
        "Access-Control-Max-Age": "600",
    }
    await Response(status_code=204, headers=allowed)(scope, receive, send)


def _is_address(name: str) -> bool:
    """Tell whether a host is an address, not a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

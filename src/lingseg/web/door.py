"""Which door a host needs."""

from collections.abc import Iterable

from lingseg.web.security import LOOPBACK, Door, is_loopback, make_key

_EVERYWHERE = frozenset(["0.0.0.0", "::", ""])  # noqa: S104 (what somebody may ask for)


def door_for(
    host: str, *, key: str | None = None, names: Iterable[str] = (), origins: Iterable[str] = ()
) -> Door:
    """Return the door of a server that listens on `host`; others than loopback get a key.

    Raises:
        ValueError: The key is too short.
    """
    names = frozenset(one.lower() for one in names)
    if is_loopback(host) and not names:
        return Door(hosts=LOOPBACK | {host.lower()}, key=key, origins=frozenset(origins))
    hosts = LOOPBACK | names | ({host.lower()} - _EVERYWHERE)
    return Door(
        hosts=hosts,
        takes_addresses=host in _EVERYWHERE,
        key=key or make_key(),
        origins=frozenset(origins),
    )

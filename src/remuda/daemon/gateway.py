"""The gateway's view of a fleet: its names, its keys with their secrets resolved, its bounds."""

from __future__ import annotations

import math
import random
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from remuda.edge.clock import unix_s
from remuda.edge.http.limits import Limits
from remuda.edge.secrets import Resolver
from remuda.engines import ENGINES
from remuda.errors import EffectError, SpecError
from remuda.gateway.decide import Gateway, Surroundings
from remuda.gateway.directory import Listing, edits_of, make_directory
from remuda.gateway.keys import Key, Keyring, Scope, make_key
from remuda.gateway.live import Live
from remuda.gateway.quota import Quota
from remuda.gateway.traits import Traits
from remuda.plan.plan import Instance
from remuda.spec import gateway as spec
from remuda.spec.fleet import Fleet
from remuda.spec.limits import Limits as Bounds
from remuda.spec.listen import Listen


def gateway_of(
    fleet: Fleet, instances: Mapping[str, Instance], resolver: Resolver, live: Live, created: int
) -> Gateway:
    """The gateway of the planned models; `created` is what they claim as their age, in seconds since 1970.

    Raises EffectError when a secret cannot be resolved.
    """
    return Gateway(
        directory=make_directory([_listing(instance, created) for instance in instances.values()], fleet.routes),
        keyring=Keyring(tuple(_key(key, resolver) for key in fleet.gateway.keys)),
        traits={model: _traits(instance, resolver) for model, instance in instances.items()},
        body_max_bytes=fleet.gateway.limits.body_bytes,
        around=Surroundings(live, random.random, unix_s),
    )


def limits_of(bounds: Bounds) -> Limits:
    """The bounds of sockets that a fleet file asks for."""
    return Limits(
        connections_per_address=bounds.connections_per_address,
        queue=bounds.queue,
        head_bytes=bounds.head_bytes,
        head_fields=bounds.head_fields,
        head_s=_seconds(bounds.head_timeout_s),
        body_pause_s=_seconds(bounds.body_timeout_s),
        keep_alive_s=_seconds(bounds.idle_timeout_s),
        connect_s=_seconds(bounds.connect_timeout_s),
        first_byte_s=bounds.first_byte_timeout_s,
    )


def tls_of(tls: spec.Tls | None, directory: Path) -> ssl.SSLContext | None:
    """What answers `https`; paths are relative to the fleet file's directory. Raises EffectError."""
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, tls, directory)
    return context


def load_certificate(context: ssl.SSLContext, tls: spec.Tls, directory: Path) -> None:
    """Answer new connections with the certificate as it is now. Raises EffectError."""
    cert, key = (directory / Path(path).expanduser() for path in (tls.cert, tls.key))
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        message = f"cannot use the certificate `{cert}` with the key `{key}`: {error}"
        raise EffectError(message, hint="set `gateway.tls` to a certificate and its key, both PEM") from error


def refuse_open(addresses: Iterable[tuple[str, int]], gateway: spec.Gateway) -> None:
    """Raises SpecError if everybody could use the models who reaches one of these addresses: there are no keys."""
    for host, port in addresses:
        listen = Listen(host, port)
        if not gateway.keys and not listen.is_loopback:
            message = f"cannot listen at `{listen}` without keys: everybody who reaches it could use the models"
            raise SpecError(message, hint="add `gateway.keys` to the fleet file, or listen at a loopback address")


def _seconds(timeout_s: float | None) -> float:
    return math.inf if timeout_s is None else timeout_s


def _listing(instance: Instance, created: int) -> Listing:
    serving = instance.serving
    return Listing(
        id=instance.model_id,
        title=instance.title,
        engine=instance.engine,
        aliases=serving.aliases,
        created=created,
        context_length=serving.context_length,
        capabilities=serving.capabilities,
        metadata=serving.metadata,
        edits=edits_of(serving.strip_params, serving.set_params),
        is_unlisted=serving.is_unlisted,
    )


def _traits(instance: Instance, resolver: Resolver) -> Traits:
    serving = instance.serving
    headers = {
        name.lower().encode(): _header(f"models.{instance.model_id}.upstream_headers.{name}", resolver.text(value))
        for name, value in serving.upstream_headers.items()
    }
    paths = tuple(path.encode() for path in ENGINES[instance.engine].SLEEPER_PATHS)
    return Traits(
        headers=headers,
        tells_timings=serving.tells_timings,
        drains=serving.drains,
        paths=None if instance.sleep is None else paths,
    )


def _header(where: str, value: str) -> bytes:
    """A field's value; the message must not repeat it, since it may be a secret."""
    if not value.isascii() or not value.isprintable():
        raise EffectError(
            f"cannot send the header `{where}`: its value holds more than printable ASCII",
            hint="remove line ends and other control characters from the secret",
        )
    return value.encode()


def _key(key: spec.Key, resolver: Resolver) -> Key:
    quota = Quota(key.requests_per_minute, key.tokens_per_minute, key.concurrency)
    scope = Scope(is_admin=key.admin, quota=None if quota == Quota() else quota, priority=key.priority)
    return make_key(key.name, resolver.text(key.secret), key.models, scope)

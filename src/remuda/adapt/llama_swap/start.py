"""How a model is started, reached and stopped: `cmd`, `proxy`, `checkEndpoint`, `cmdStop`.

The address that Remuda gives an engine itself is left out, but a port that is fixed stays one. A model whose `proxy`
leads to another machine is a `url`: what its `cmd` did there, or to reach it, nobody does.

Source: internal/process/process_command.go of mostlygeek/llama-swap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from remuda.adapt import naming
from remuda.adapt.llama_swap import unsaid, variables
from remuda.adapt.llama_swap.command import Command, command, words
from remuda.adapt.llama_swap.expand import DEFAULT_PROXY, PORT
from remuda.adapt.llama_swap.section import Section
from remuda.engines import ENGINES
from remuda.engines.contract import Order
from remuda.spec.defaults import COMMAND

_PROXY: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]]*\]|[^/:@]+)(?::(?P<port>\$\{PORT\}|\d{1,5}))?(?P<path>/.*)?"
)
_OWN: Final = re.compile(r"localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|host\.docker\.internal", re.IGNORECASE)
_TERM: Final = ("kill ${PID}", "kill -15 ${PID}", "kill -TERM ${PID}", "kill -s TERM ${PID}")
_ENDS_CONTAINERS: Final = re.compile(r"(?:\S*/)?(?:docker|podman) (?:container )?(?:stop|kill|rm) ")


@dataclass(frozen=True, slots=True)
class _Proxy:
    """Where requests go. `port` is None where it is given at the start; `url` is set if that is another machine."""

    port: int | None = None
    url: str | None = None


def started(section: Section, source_id: str, port: int | None) -> Command | None:
    """What starts the model; None, and said, where nothing does. `port` is what llama-swap would give it."""
    argv = words(section, "cmd")
    if not argv:
        section.context.said.warn(section.node.key, f"{section.label()} has no `cmd`: it is left out")
        return None
    found = command(section, argv, port)
    proxy = _proxy(section, found, port)
    if proxy is None:
        return None
    if proxy.url:
        return _elsewhere(section, proxy.url)
    if proxy.port is not None:
        found.keys["port"] = proxy.port
    elif port is None and not _is_reachable(section, found):
        return None
    if unit := naming.unit(source_id, found.keys):
        found.keys["unit"] = unit
    _ready(section, found)
    _stop(section, found)
    return found


def _elsewhere(section: Section, url: str) -> Command:
    message = f"{section.label('proxy')} leads to another machine: the model becomes a `url`, and its `cmd` is not run"
    section.context.said.warn(section.node.pairs["proxy"], message, path=section.fleet_path)
    for key in ("cmdStop", "unloadTimeout", "checkEndpoint", "env"):
        section.has(key)
    return Command({"url": url})


def _proxy(section: Section, found: Command, port: int | None) -> _Proxy | None:
    at = section.node.pairs["proxy"]
    text = section.context.resolved(section.marked("proxy") or DEFAULT_PROXY, at, section.label("proxy"))
    match = _PROXY.fullmatch(text or DEFAULT_PROXY)
    if match is None:
        message = f"{section.label('proxy')} must be `http://HOST:PORT`, not `{text}`: the model is left out"
        section.context.said.warn(at, message, path=section.fleet_path)
        return None
    if found.container and match["host"] == found.container:
        return _Proxy(found.keys.get("port"))
    if not _OWN.fullmatch(match["host"]):
        return _Proxy(url=match[0].replace(PORT, str(port)).rstrip("/"))
    if (match["path"] or "/") != "/" or match["scheme"] == "https":
        message = f"{section.label('proxy')} is more than a port of this machine: requests go to its root, without TLS"
        section.context.said.warn(at, message, path=section.fleet_path)
    if match["port"] == PORT:
        return _Proxy()
    return _Proxy(int(match["port"] or (443 if match["scheme"] == "https" else 80)))


def _is_reachable(section: Section, found: Command) -> bool:
    """Whether a model for which llama-swap has no port can be told one all the same, which is said."""
    said, at = section.context.said, section.node.pairs["cmd"]
    if "cmd" not in found.keys or found.container is not None:
        if found.container is None:
            message = (
                f"{section.label('cmd')} has no `${{PORT}}`, without which llama-swap does not start: one is given"
            )
            said.warn(at, message, path=section.fleet_path)
        return True
    message = f"{section.label('cmd')} does not say where it listens: the model is left out, as llama-swap refuses it"
    said.warn(at, message, hint="add `${PORT}` to it, or a port to `proxy`", path=section.fleet_path)
    return False


def _ready(section: Section, found: Command) -> None:
    text = section.text("checkEndpoint")
    if text is None:
        return
    path = re.sub(r"^https?://[^/]*", "", text.strip())
    path = path if path.startswith("/") or path == "none" else f"/{path}"
    engine = ENGINES[found.keys.get("engine", COMMAND)]
    own = engine.readiness(Order("a", (), "", 0, model="a", settings=found.keys.get("settings", {}))).path
    if path != (own or "none"):
        found.keys["ready"] = False if path == "none" else path


def _stop(section: Section, found: Command) -> None:
    """llama-swap runs `cmdStop` in place of its signal; here a hook comes before Remuda's own."""
    told = [variables.referring(word) for word in words(section, "cmdStop")]
    seconds = section.whole("unloadTimeout")
    if _is_ours(told, found):
        if seconds:
            unsaid.tell(section, {"unloadTimeout": unsaid.TOP["unloadTimeout"]})
        return
    path = (*section.fleet_path, "hooks")
    if any("${PID}" in word for word in told):
        message = f"{section.label('cmdStop')} is left out: a hook does not know the process; the engine gets a signal"
        section.context.said.warn(section.node.pairs["cmdStop"], message, path=path)
        return
    hooks: dict[str, Any] = {"before_unload": told}
    found.keys["hooks"] = hooks | ({"timeout": f"{seconds}s"} if seconds else {})
    found.notes["hooks",] = "cmdStop; the engine gets a signal after it"


def _is_ours(told: Sequence[str], found: Command) -> bool:
    """Whether Remuda stops a model in that way by itself."""
    line = " ".join(told)
    return line in ("", *_TERM) or (found.container is not None and _ENDS_CONTAINERS.match(line) is not None)

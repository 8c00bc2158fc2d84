"""llmhop's configuration → models that somebody else runs, each at its address.

llmhop starts nothing: it sends requests on by their `model`, which its backend gets as it is. Tokens that stand in the
file itself are not taken over, since a fleet file holds no secrets.

Sources: internal/config/config.go, internal/secrets and README.md of mirkolenz/llmhop at c302742 (1.x) and 0268162
(2.x): 1.x takes `$NAME` for a variable, and a file without a directory for a credential of systemd's; 2.x has `$$` and
`${cred:…}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from remuda.adapt.contract import Adapted, Source
from remuda.adapt.reading import Reading
from remuda.errors import Position, Problem
from remuda.spec.document import Document, Path, load
from remuda.spec.form import FormError, label
from remuda.spec.reference import as_reference, literal, parse

NAME: Final = "llmhop"
SUMMARY: Final = "the JSON configuration of llmhop's router, of its releases 1 and 2"

_MOST_CHARACTERS: Final = 256 * 1024
_ANYWHERE: Final = "0.0.0.0"  # noqa: S104 (where llmhop listens without a host)
_DOLLAR: Final = re.compile(r"\$(?:\{(?P<kind>env|file):(?P<text>[^}]*)\}|(?P<name>[A-Za-z_]\w*))")
_KNOWN: Final = ("listen", "host", "port", "models", "authTokens", "maxBodyBytes", "maxConcurrentRequests")
_OF_MODEL: Final = ("url", "headers", "unlisted")


def adapt(source: Source) -> Adapted:
    """The models and the gateway."""
    reading = Reading(str(source.path))
    text = reading.text_of(source)
    if text is None:
        return reading.done("")
    problem = _malformed(text)
    document = load("" if problem else text, reading.file)
    for found in (problem,) if problem else document.problems:
        reading.add(found)
    if not problem and not document.problems:
        _Config(document, reading).read()
    return reading.done("there are no models in it: expected `models` with their addresses")


def _malformed(text: str) -> Problem | None:
    """Why a text is no configuration in JSON; what is one is read as YAML, which knows places and is slow."""
    if len(text) > _MOST_CHARACTERS:
        return Problem(f"cannot read a configuration of more than {_MOST_CHARACTERS} characters")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"cannot read the JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        return Problem(message, position=Position(error.lineno, error.colno))
    except (RecursionError, ValueError):
        return Problem("cannot read the JSON: it is nested too deeply, or holds too long a number")
    return None


class _Config:
    def __init__(self, document: Document, reading: Reading) -> None:
        self._document = document
        self._reading = reading
        is_second = "port" in document.data or "host" in document.data
        self._spelled: Callable[[str], str] = _second if is_second else _first

    def read(self) -> None:
        data = self._document.data
        gateway = {"listen": self._listen(), "keys": self._keys(), "limits": self._limits()}
        if told := {key: value for key, value in gateway.items() if value}:
            self._reading.data["gateway"] = told
        for name in self._document.mapping("models"):
            self._model(name)
        self._unknown((), data, _KNOWN)

    def _listen(self) -> str | None:
        listen, host, port = (self._document.find((key,)) for key in ("listen", "host", "port"))
        if host is None and port is None:
            address = listen if isinstance(listen, str) else ""
            return f"{_ANYWHERE}{address}" if address.startswith(":") else address or None
        host = f"[{host}]" if ":" in str(host) else host
        return f"{host or _ANYWHERE}:{port or 8080}"

    def _keys(self) -> list[dict[str, str]]:
        tokens = self._document.find(("authTokens",))
        return [self._key(number, token) for number, token in enumerate(tokens if isinstance(tokens, list) else [])]

    def _key(self, number: int, token: Any) -> dict[str, str]:
        name = f"token-{number + 1}"
        secret = self._text(("authTokens", number), token)
        try:
            if as_reference(secret):
                return {"name": name, "secret": secret}
        except FormError:
            pass
        variable = f"REMUDA_TOKEN_{number + 1}"
        message = f"`authTokens[{number}]` is the secret itself and is not taken over"
        hint = f"put it into the variable `{variable}`, or into a file, and name that in `gateway.keys`"
        self._reading.say(message, self._document.at(("authTokens", number)), hint=hint)
        return {"name": name, "secret": f"${{env:{variable}}}"}

    def _limits(self) -> dict[str, int]:
        limits = {
            "body": self._document.find(("maxBodyBytes",)),
            "queue": self._document.find(("maxConcurrentRequests",)),
        }
        names = {"body": "body_size", "queue": "queue"}
        return {names[key]: value for key, value in limits.items() if type(value) is int and value > 0}

    def _model(self, name: str) -> None:
        path: Path = ("models", name)
        keys = self._document.mapping(*path)
        at = self._document.at_key(path)
        if not isinstance(keys.get("url"), str) or at is None:
            self._reading.add(self._document.problem(path, f"{label(path)} has no `url`: expected its address"))
            return
        entry: dict[str, Any] = {"url": keys["url"]}
        headers = self._document.mapping(*path, "headers")
        if headers:
            entry["upstream_headers"] = {
                key: self._text((*path, "headers", key), text) for key, text in headers.items()
            }
        if keys.get("unlisted") is True:
            entry["unlisted"] = True
        self._reading.model(name, entry, at)
        self._unknown(path, keys, _OF_MODEL)

    def _text(self, path: Path, value: Any) -> str:
        if not isinstance(value, str):
            self._reading.add(self._document.problem(path, f"{label(path)} must be text"))
            return ""
        return self._spelled(value)

    def _unknown(self, path: Path, keys: Any, known: tuple[str, ...]) -> None:
        for key in keys:
            if key not in known:
                message = f"{label((*path, key))} is not known to be a key of llmhop's and is left out"
                self._reading.add(self._document.problem_of_key((*path, key), message, severity="warning"))


def _first(text: str) -> str:
    """Release 1: every `$` begins a name."""
    parts, end = [], 0
    for match in _DOLLAR.finditer(text):
        parts.append(text[end : match.start()].replace("$", "$$"))
        name = match["name"] or match["text"]
        is_credential = match["kind"] == "file" and "/" not in name
        parts.append(f"${{{'cred' if is_credential else match['kind'] or 'env'}:{name}}}")
        end = match.end()
    return "".join((*parts, text[end:].replace("$", "$$") if parts else literal(text[end:])))


def _second(text: str) -> str:
    """Release 2 has the references of the fleet file; what it would refuse is a text here."""
    try:
        parse(text)
    except FormError:
        return literal(text)
    return text

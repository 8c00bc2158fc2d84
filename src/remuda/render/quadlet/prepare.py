"""The script that prepares a machine: it shows what there is to do and, with `--apply`, does it.

Every step looks first whether it is done already, so that the script may be run again. What concerns the machine needs
root; what concerns units of your own must not be done as root. Values of secrets pass from file to podman on pipes:
they are in no argument and in no output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.quoting.shell import joined, quoted
from remuda.render.quadlet import layout, names
from remuda.render.quadlet.account import Account
from remuda.render.quadlet.container import Unit
from remuda.spec.reference import Reference
from remuda.spec.rules.accounts import ROOT
from remuda.spec.unit import unit_name

_HEAD = r"""#!/bin/sh
# Made by `remuda render {target}`. Prepares this machine for the units beside it: shows what there is to do, and does
# it with --apply. What is done already is left alone, so it may be run again.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
case "${1:-}" in
    --apply) apply=yes ;;
    '') apply=no ;;
    *) echo "usage: $0 [--apply]" >&2 && exit 2 ;;
esac
steps=0
missing=0

fail() {
    echo "error: $*" >&2
    exit 1
}

run() {
    steps=$((steps + 1))
    echo "+ $*"
    if [ "$apply" = yes ]; then "$@"; fi
}

# put FILE TARGET
put() {
    cmp -s "$here/$1" "$2" || run install -D -m 0644 "$here/$1" "$2"
}
"""

_MAKE_USERS = r"""
# user NAME UID FILE
user() {
    found=$(id -u "$1" 2>/dev/null || :)
    [ -n "$found" ] || run systemd-sysusers "$3"
    [ -z "$found" ] || [ "$found" = "$2" ] || fail "cannot use the user $1: its number is $found, expected $2"
}

# range FILE USER START COUNT
range() {
    if grep -qsxF "$2:$3:$4" "$1"; then return; fi
    if [ -e "$1" ] && ! awk -F: -v u="$2" -v s="$3" -v c="$4" \
        '$1 == u || ($2 < s + c && s < $2 + $3) { exit 1 }' "$1"; then
        fail "cannot give $2 the range $3:$4: $1 gives it another, or some of this to somebody else"
    fi
    run append "$2:$3:$4" "$1"
}

append() {
    printf '%s\n' "$1" >>"$2"
}
"""

_SECRETS = r"""
# as USER COMMAND…
as() {
    owner=$1
    shift
    if [ "$owner" = "$(id -un)" ]; then
        "$@"
    else
        runuser -u "$owner" -- env -C / XDG_RUNTIME_DIR="/run/user/$(id -u "$owner")" "$@"
    fi
}

has_secret() {
    as "$1" podman secret exists "$2" 2>/dev/null
}

# secret_of_file USER NAME FILE
secret_of_file() {
    [ -r "$3" ] || fail "cannot read $3, which holds the secret $2"
    if has_secret "$1" "$2"; then
        held=$(as "$1" podman secret inspect --showsecret --format '{{.SecretData}}' "$2")
        if [ "$held" = "$(cat -- "$3")" ]; then return; fi
    fi
    run replace_secret "$1" "$2" "$3"
}

replace_secret() {
    if has_secret "$1" "$2"; then as "$1" podman secret rm "$2" >/dev/null; fi
    printf %s "$(cat -- "$3")" | as "$1" podman secret create "$2" - >/dev/null
}

# secret_to_make USER NAME
secret_to_make() {
    if has_secret "$1" "$2"; then return; fi
    missing=1
    echo "! as $1, give podman the secret $2: podman secret create $2 -"
}
"""

_END = r"""
if [ "$steps$missing" = 00 ]; then
    echo 'everything is prepared'
elif [ "$steps" != 0 ] && [ "$apply" = no ]; then
    echo 'nothing was done: run this again with --apply'
fi
"""


def script(owned: Mapping[Account, Sequence[Unit]]) -> str:
    """The script for the units of each user."""
    machine = {owner: units for owner, units in owned.items() if owner.name is not None}
    own = [unit for owner, units in owned.items() if owner.name is None for unit in units]
    steps = Steps(
        machine=[line for owner, units in machine.items() for line in _machine(owner, units)],
        own=[*own_steps(own), _next(("systemctl", "--user"), own)] if own else (),
        makes_users=any(owner.home is not None for owner in machine),
        has_secrets=any(unit.values.secrets for units in owned.values() for unit in units),
    )
    return assembled("quadlet", steps)


@dataclass(frozen=True, slots=True)
class Steps:
    """Lines of the script: what takes root, and what is done as oneself."""

    machine: Sequence[str] = ()
    own: Sequence[str] = ()
    makes_users: bool = False
    has_secrets: bool = False


def assembled(target: str, steps: Steps) -> str:
    """The whole script of a target."""
    parts = [_HEAD.replace("{target}", target)]
    if steps.makes_users:
        parts.append(_MAKE_USERS)
    if steps.has_secrets:
        parts.append(_SECRETS)
    if steps.machine:
        parts.append(_function("machine", steps.machine))
    if steps.own:
        parts.append(_function("own", steps.own))
    return "".join((*parts, _calls(is_machine=bool(steps.machine), is_own=bool(steps.own)), _END))


def _calls(*, is_machine: bool, is_own: bool) -> str:
    if not is_machine:
        return "\nown\n"
    otherwise = "own" if is_own else "fail 'what is to be done needs root'"
    check = '"$(id -u)" = 0' if is_own else '"$(id -u)" = 0 ] || [ "$apply" = no'
    return f"\nif [ {check} ]; then\n    machine\nelse\n    {otherwise}\nfi\n"


def _function(name: str, lines: Iterable[str]) -> str:
    return f"\n{name}() {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def _machine(owner: Account, units: Sequence[Unit]) -> Iterator[str]:
    name = str(owner.name)
    if owner.uids is not None and owner.gids is not None:
        conf = layout.sysusers(owner)
        yield put(conf)
        yield joined(("user", name, str(owner.uid), f"/{conf}"))
        for file, ids in (("/etc/subuid", owner.uids), ("/etc/subgid", owner.gids)):
            yield joined(("range", file, name, str(ids.start), str(ids.count)))
    yield from machine_steps(owner, units)
    manager = ("systemctl",) if name == ROOT else ("systemctl", "--user", "-M", f"{name}@")
    yield _next(manager, units)


def machine_steps(owner: Account, units: Sequence[Unit]) -> Iterator[str]:
    """What the units of a user who is there need: directories, their files, secrets."""
    yield from _directories(owner, units)
    if owner.uid is not None:
        yield f"[ -d /run/user/{owner.uid} ] || run systemctl start user@{owner.uid}.service"
    yield from (put(layout.container(unit)) for unit in units)
    yield from _secrets(quoted(str(owner.name)), units)


def put(path: PurePosixPath) -> str:
    """The step that puts a file of a machine in its place."""
    return joined(("put", str(path), f"/{path}"))


def _directories(owner: Account, units: Sequence[Unit]) -> Iterator[str]:
    needed = [f"[ -d {quoted(directory)} ]" for directory in layout.directories(owner, units)]
    if needed:
        conf = layout.tmpfiles(owner)
        lingers = [f"[ -e {layout.LINGER}/{owner.name} ]"] if owner.home is not None else []
        yield put(conf)
        yield f"{{ {' && '.join([*needed, *lingers])}; }} || run systemd-tmpfiles --create /{conf}"


def own_steps(units: Sequence[Unit], others: Sequence[PurePosixPath] = ()) -> Iterator[str]:
    """What one's own units need; `others` are files to put beside them."""
    for directory in map(_expanded, layout.directories(Account(None), units)):
        yield f"[ -d {directory} ] || run mkdir -p -- {directory}"
    for path in (*map(layout.container, units), *others):
        inside = quoted(str(path.relative_to("config")))
        yield f'put {quoted(str(path))} "${{XDG_CONFIG_HOME:-$HOME/.config}}"/{inside}'
    yield f'[ -e "{layout.LINGER}/$(id -un)" ] || run loginctl enable-linger'
    yield from _secrets('"$(id -un)"', units)


def _expanded(directory: str) -> str:
    home, _, rest = directory.partition("%h/")
    return f'"$HOME"/{quoted(rest)}' if rest else quoted(home)


def _secrets(owner: str, units: Sequence[Unit]) -> Iterator[str]:
    references: dict[str, Reference] = {}
    for unit in units:
        references |= {names.secret(reference): reference for reference in unit.values.secrets.values()}
    for name, reference in sorted(references.items()):
        if reference.kind == "file":
            yield f"secret_of_file {owner} {joined((name, reference.name))}"
        else:
            yield f"secret_to_make {owner} {quoted(name)}"


def _next(manager: Sequence[str], units: Sequence[Unit]) -> str:
    """What to do then. systemctl asks for one unit after the other, so the order by ports has to be in its words."""
    services = [f"{unit_name(unit.model)}.service" for unit in sorted(units, key=lambda unit: unit.port)]
    started = joined((*manager, "start", "--no-block", *services))
    return joined(("echo", f"then: {joined((*manager, 'daemon-reload'))} && {started}"))

"""The OCI image of a model: its server, certificates, and a user who is not root.

Layers are made of the closure, so that models of one engine share theirs. The engine's caches are in one directory,
which anybody may write: mount a volume there. Drivers come from the machine with the devices; Nix's programs look for
no libraries in `/usr`, so for CUDA the places where CDI puts the driver's are told.

Facts: dockerTools of the nixpkgs manual (`buildLayeredImage`, `fakeNss`, whose user `nobody` is 65534); getpass, by
which torch names a cache, fails for a user without a name; CDI of nvidia-container-toolkit mounts libraries where the
machine has them.
"""

from __future__ import annotations

from typing import Final

from remuda.render.flake.built import Built, image_name
from remuda.render.nix.expression import Binding, Expression, List, Set, bind, call, ref, text
from remuda.render.nix.value import value
from remuda.render.systemd.cache import redirections

CACHE: Final = "/var/cache/remuda"
_USER: Final = "65534:65534"
_DRIVER: Final = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/run/opengl-driver/lib",
)


def image(one: Built) -> Expression:
    """The expression of the image; `contained` is the server in its scope."""
    return call(
        "pkgs.dockerTools.buildLayeredImage",
        Set(
            (
                bind("name", text(image_name(one.model))),
                bind("tag", _tag()),
                bind("contents", List((ref("pkgs.cacert"), ref("pkgs.dockerTools.fakeNss")))),
                bind("extraCommands", text(f"mkdir -p -m 1777 tmp {CACHE.removeprefix('/')}")),
                bind("config", _config(one)),
            )
        ),
    )


def _tag() -> Expression:
    """The version, as far as a tag can hold it."""
    return call("builtins.replaceStrings", value(["+"]), value(["-"]), ref("version"))


def _config(one: Built) -> Set:
    model = one.model
    labels = {
        "org.opencontainers.image.title": model.entry.name or model.model_id,
        "org.opencontainers.image.description": f"{model.model_id} on {model.engine} ({one.platform})",
    }
    return Set(
        (
            bind("Entrypoint", List((call("lib.getExe", ref("contained")),))),
            bind("User", text(_USER)),
            bind("WorkingDir", text(CACHE)),
            bind("ExposedPorts", value({f"{one.port}/tcp": {}})),
            bind("Env", List((_certificates(), *(text(each) for each in _environment(one))))),
            bind("Labels", Set((*_each(labels), Binding(("org.opencontainers.image.version",), ref("version"))))),
        )
    )


def _certificates() -> Expression:
    return text("SSL_CERT_FILE=", ref("pkgs.cacert"), "/etc/ssl/certs/ca-bundle.crt")


def _environment(one: Built) -> list[str]:
    told = redirections(one.model.engine, CACHE)
    if one.platform == "cuda":
        told = {**told, "LD_LIBRARY_PATH": ":".join(_DRIVER), "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
    return [f"{name}={each}" for name, each in sorted(told.items())]


def _each(labels: dict[str, str]) -> tuple[Binding, ...]:
    return tuple(Binding((name,), text(label)) for name, label in labels.items())

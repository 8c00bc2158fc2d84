"""The runtimes `podman` and `docker`.

A container bears the name that its plan gives it, and labels that say whose it is: so a daemon finds its own again,
whatever its records say, and never touches another's. The image is fetched beforehand; starting is then a matter of
milliseconds and has no part in how long an engine may take to load.

Weights on this machine are shown to the container at the same path, read-only. Other files that settings name are for
the user to mount.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

from remuda.daemon.runtimes import Start
from remuda.edge.containers import argv
from remuda.edge.containers.cli import Cli
from remuda.edge.containers.complaint import ContainerError
from remuda.edge.containers.container import Container, identity
from remuda.edge.containers.state import State
from remuda.edge.records import Record
from remuda.engines import ENGINES
from remuda.engines.contract import Launch
from remuda.errors import EffectError
from remuda.plan.container import ANYWHERE, Contained, after_steps, host_path, inside, program
from remuda.plan.plan import Instance

_PART = re.compile(r"(?P<name>.+)-\d{5}(?P<rest>-of-\d{5}\.gguf)")


class Containers:
    """One of the two programs, for one fleet.

    `fleet` is what tells this fleet's containers from all others. `directory` is where the fleet file lies, `private`
    one that only we can read. `contained` gives an instance's part of the plan.
    """

    def __init__(
        self, cli: Cli, fleet: str, directory: Path, private: Path, contained: Callable[[Instance], Contained]
    ) -> None:
        self._cli = cli
        self._fleet = fleet
        self._directory = directory
        self._private = private
        self._contained = contained
        self._used = private / f"{cli.tool.name}-used"

    async def prepare(self, instance: Instance, log: Path) -> None:
        """Get the image, if it is not here. Raises EffectError."""
        self._used.touch()
        image = self._contained(instance).image
        if not await self._cli.has_image(image):
            await self._cli.pull(image, log)

    async def start(self, start: Start) -> Container:
        """Create and start the container. Raises EffectError. Cancelled or failed, it leaves nothing behind."""
        contained = self._contained(start.instance)
        await self._make_room(contained.name)
        try:
            await self._create(start, contained)
            await self._cli.start(contained.name)
            state = await self._cli.inspect(contained.name)
            return Container(self._cli, _present(state, contained.name), start.log)
        except BaseException:
            with contextlib.suppress(EffectError):
                await self._cli.remove(contained.name)
            raise

    async def adopt(self, record: Record, log: Path) -> Container | None:
        """Take over the container of a record; None when it no longer runs, and nothing of it is left then."""
        adopted = None
        for state in await self._cli.find(self._labels(record.model)):
            if adopted is None and state.pid and identity(state) == record.identity:
                adopted = Container(self._cli, state, log, resume=True)
            else:
                await self._cli.remove(state.id)
        return adopted

    async def clear(self, kept: Collection[str]) -> None:
        """Remove this fleet's containers, but for those of these models. Raises EffectError.

        A program that this fleet has not used since the machine came up is not asked.
        """
        if not self._used.exists():
            return
        for state in await self._cli.find(self._labels()):
            if state.labels.get(argv.MODEL) not in kept:
                await self._cli.remove(state.id)

    def _labels(self, model: str | None = None) -> dict[str, str]:
        return {argv.FLEET: self._fleet, **({argv.MODEL: model} if model else {})}

    async def _make_room(self, name: str) -> None:
        """The name may still be that of an earlier attempt's container."""
        state = await self._cli.inspect(name)
        if state is None:
            return
        if state.labels.get(argv.FLEET) != self._fleet:
            message = f"cannot create the container `{name}`: there is one of that name that is not this fleet's"
            raise ContainerError(message, hint="remove that one, or set `unit` to another name")
        await self._cli.remove(name)

    async def _create(self, start: Start, contained: Contained) -> None:
        instance, order = start.instance, start.order
        weights = weights_of(self._directory, order.model)
        volumes = tuple(volume_of(self._directory, volume) for volume in contained.volumes)
        inner = replace(
            order,
            program=program(instance.engine, instance.executable),
            host=order.host if contained.is_on_host_network else ANYWHERE,
            model=str(weights[0]) if weights else order.model,
        )
        engine = ENGINES[instance.engine]
        launch = engine.launch(inner)
        limits = {"memory": instance.care.memory_bytes, "cpus": instance.care.cpus}
        with self._environment_file(instance, launch) as path:
            creation = argv.Creation(
                contained=replace(contained, volumes=volumes),
                command=after_steps(contained.steps, launch.argv),
                labels={
                    **self._labels(instance.model_id),
                    argv.FINGERPRINT: instance.fingerprint,
                    argv.ATTEMPT: str(start.attempt),
                },
                address=(order.host, order.port),
                environment_file=path,
                stop=(engine.STOP_SIGNAL, engine.STOP_GRACE_S),
                mounts=weights,
                limits={name: limit for name, limit in limits.items() if limit is not None},
            )
            await self._cli.create(creation)

    @contextlib.contextmanager
    def _environment_file(self, instance: Instance, launch: Launch) -> Iterator[Path]:
        """The instance's environment in a file of ours, for as long as it takes to create a container."""
        text = argv.environment_text({**inside(instance.visible), **launch.environment})
        descriptor, name = tempfile.mkstemp(dir=self._private, prefix="environment-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def volume_of(directory: Path, volume: str) -> str:
    """A volume with its path on the host told in full; that of a relative one begins in the directory."""
    path = host_path(volume)
    if path is None:
        return volume
    return f"{(directory / Path(path).expanduser()).absolute()}{volume.removeprefix(path)}"


def weights_of(directory: Path, model: str | None) -> tuple[Path, ...]:
    """What a container has to see of a model that is a file or directory here, that itself first; a hub's name is not.

    A file comes with its other parts. A directory of a hub's cache holds links into another one.
    """
    path = (directory / model).absolute() if model else None
    if path is None or not path.exists():
        return ()
    if path.is_dir():
        beside = {entry.resolve().parent for entry in path.iterdir() if entry.is_symlink()}
    else:
        part = _PART.fullmatch(path.name)
        beside = set(path.parent.glob(f"{glob.escape(part['name'])}-*{part['rest']}")) if part else set()
    return (path, *sorted(beside - {path}))


def _present(state: State | None, name: str) -> State:
    if state is None:
        message = f"cannot start the container `{name}`: somebody has removed it"
        raise ContainerError(message)
    return state

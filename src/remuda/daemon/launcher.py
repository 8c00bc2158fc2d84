"""Brings one instance up: secrets, port, argv, process, readiness.

A port that the fleet file does not fix is found free and lost again to whoever is quicker; so an engine that ends
because its port was taken is started once more on another. And an answer counts only when the listener is the engine's
own: another program on the port would otherwise pass for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from remuda.edge import engine_log, ports, process, readiness
from remuda.edge.embedded_llama_cpp import embedded_build
from remuda.edge.fetch import fetch
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import Places
from remuda.edge.secrets import Resolver, read_environment_file
from remuda.engines import ENGINES, failure, versions
from remuda.engines.contract import Engine, Failure, FailureKind, Order, Readiness
from remuda.errors import EffectError
from remuda.plan.plan import Instance

HOST = "127.0.0.1"
_PORT_TRIES = 3
_VERSION_TIMEOUT_S = 2.0
_VERSION_BYTES = 1024 * 1024


class StartError(Exception):
    """The instance did not come up, and nothing of it is left."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Launcher:
    """Starts the instances of one fleet file, which lies in `directory`.

    `programs` holds the argv prefix of each model's engine; `environment` is what engines inherit.
    """

    def __init__(
        self,
        programs: Mapping[str, tuple[str, ...]],
        places: Places,
        directory: Path,
        environment: Mapping[str, str],
    ) -> None:
        self._programs = programs
        self._places = places
        self._directory = directory
        self._environment = environment

    async def launch(
        self, instance: Instance, spawned: Callable[[process.Process, Endpoint], None]
    ) -> tuple[process.Process, Endpoint]:
        """Start the instance and wait until it can serve; `spawned` is told of each process as soon as there is one.

        Raises StartError.
        """
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                return await self._launch_once(instance, spawned)
            except StartError as error:
                is_race = error.failure.kind is FailureKind.PORT_TAKEN and instance.port is None
                if not is_race or not tries_left:
                    raise
        raise AssertionError

    async def _launch_once(
        self, instance: Instance, spawned: Callable[[process.Process, Endpoint], None]
    ) -> tuple[process.Process, Endpoint]:
        log = self._places.log(instance.model_id)
        try:
            order = self._resolved(self._order(instance, self._port(instance)), instance.environment_files)
            engine_log.rotate(log)
            started = self._spawn(instance, order, log)
        except EffectError as error:
            raise StartError(Failure(FailureKind.EXITED, error.message)) from error
        endpoint = self.endpoint(instance, order.port)
        spawned(started, endpoint)
        engine = ENGINES[instance.engine]
        try:
            is_ready = await readiness.wait_ready(started, endpoint, engine.readiness(order), log)
        except readiness.StalledError:
            await started.stop(engine.STOP_SIGNAL, engine.STOP_GRACE_S)
            raise StartError(_stalled(instance, log)) from None
        if not is_ready:
            await started.sweep()
            raise StartError(_explain(engine, started, log))
        if instance.engine != "command" and not ports.listens(started.members(), order.port):
            await started.stop(engine.STOP_SIGNAL, engine.STOP_GRACE_S)
            message = f"another program answers on port {order.port}, which `{instance.model_id}` was to have"
            raise StartError(Failure(FailureKind.PORT_TAKEN, message))
        return started, await self.known(instance, endpoint)

    def _spawn(self, instance: Instance, order: Order, log: Path) -> process.Process:
        launch = ENGINES[instance.engine].launch(order)
        environment = {**self._environment, **instance.visible, **launch.environment}
        return process.spawn(launch.argv, environment=environment, directory=self._directory, log=log)

    def _port(self, instance: Instance) -> int:
        if instance.port is None:
            return ports.free_port(HOST)
        if not ports.is_free(instance.port, HOST):
            message = f"port {instance.port} of `{instance.model_id}` is taken by another program"
            raise StartError(Failure(FailureKind.PORT_TAKEN, message))
        return instance.port

    def _order(self, instance: Instance, port: int) -> Order:
        """What the instance is started with, references to secrets not yet resolved."""
        return Order(
            model_id=instance.model_id,
            program=self._programs.get(instance.model_id, ()),
            host=HOST,
            port=port,
            model=instance.model,
            served_name=instance.served_name,
            settings=instance.settings,
            environment=instance.environment,
            cmd=instance.cmd,
            ready=instance.ready,
        )

    def _resolved(self, order: Order, files: Sequence[str]) -> Order:
        """The order as it is carried out; `files` hold more of its environment. Raises EffectError."""
        placeholders = {"PORT": str(order.port), "MODEL_ID": order.model_id}
        resolver = Resolver(self._directory, self._environment, placeholders)
        variables: dict[str, str] = {}
        for file in files:
            path = self._directory / Path(file).expanduser()
            variables.update(read_environment_file(path, self._environment))
        return replace(
            order,
            model=str(Path(order.model).expanduser()) if order.model and order.model.startswith("~/") else order.model,
            settings=resolver.tree(order.settings),
            environment={**variables, **resolver.tree(order.environment)},
            cmd=tuple(resolver.text(word) for word in order.cmd) if order.cmd else None,
        )

    def endpoint(self, instance: Instance, port: int) -> Endpoint:
        """Where an instance of ours listens, and the model name that it expects."""
        served_name = ENGINES[instance.engine].served_name(self._order(instance, port))
        return Endpoint(host=HOST, port=port, served_name=served_name)

    def external(self, instance: Instance) -> Endpoint:
        """Where somebody else's server listens."""
        url = urlsplit(instance.url or "")
        tls = url.scheme == "https"
        return Endpoint(
            host=url.hostname or "",
            port=url.port or (443 if tls else 80),
            tls=tls,
            base_path=url.path.rstrip("/"),
            served_name=instance.served_name or instance.model or instance.model_id,
        )

    async def known(self, instance: Instance, endpoint: Endpoint) -> Endpoint:
        """The endpoint of an instance that is ready, with the protocols that its engine says it speaks.

        An engine that does not tell its version is taken for an old one: its requests are translated, which works too.
        """
        engine = ENGINES[instance.engine]
        version = embedded_build(self._programs.get(instance.model_id, ()))
        if version is None and engine.VERSION is not None:
            path, pointer = engine.VERSION
            with contextlib.suppress(EffectError):
                page = await fetch(endpoint, path, timeout_s=_VERSION_TIMEOUT_S, max_bytes=_VERSION_BYTES)
                version = versions.told(page, pointer)
        return replace(endpoint, apis=engine.apis(version))

    def readiness(self, instance: Instance, port: int) -> Readiness:
        """How to see that an instance on this port can serve."""
        return ENGINES[instance.engine].readiness(self._order(instance, port))


def _explain(engine: Engine, started: process.Process, log: Path) -> Failure:
    lines = engine_log.tail(log, failure.READ_LINES)
    return failure.explain(engine, returncode=started.exited.result(), lines=lines)


def _stalled(instance: Instance, log: Path) -> Failure:
    minutes = readiness.STALL_S / 60
    message = f"`{instance.model_id}` neither became ready nor wrote to its log for {minutes:.0f} minutes"
    return Failure(FailureKind.STALLED, message, tuple(engine_log.tail(log, failure.TAIL_LINES)))

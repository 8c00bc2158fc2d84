"""Brings one instance up: secrets, port, argv, readiness; its runtime (`remuda.daemon.runtimes`) does the starting.

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

from remuda.daemon.processes import Processes
from remuda.daemon.redaction import Secrets
from remuda.daemon.runtimes import Running, Runtime, Start, failure_of
from remuda.daemon.slot_cache import Keeper
from remuda.edge import engine_log, ports, readiness
from remuda.edge.embedded_llama_cpp import embedded_build
from remuda.edge.fetch import fetch
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import Places
from remuda.edge.peaks import key_of
from remuda.edge.secrets import Resolver, read_environment_file
from remuda.engines import ENGINES, failure, versions
from remuda.engines.contract import Failure, FailureKind, Order, Readiness
from remuda.errors import EffectError
from remuda.plan.plan import Instance

HOST = "127.0.0.1"
_PORT_TRIES = 3
_VERSION_TIMEOUT_S = 2.0
_VERSION_BYTES = 1024 * 1024

Spawned = Callable[[Running, Endpoint], None]
Said = Callable[[str], None]


class StartError(Exception):
    """The instance did not come up, and nothing of it is left."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Launcher:
    """Starts the instances of one fleet file, which lies in `directory`.

    `programs` holds the argv prefix of each model's engine; `environment` is what engines inherit. `runtimes`: by name;
    without any, processes of this machine.
    """

    def __init__(
        self,
        programs: Mapping[str, tuple[str, ...]],
        places: Places,
        directory: Path,
        environment: Mapping[str, str],
        runtimes: Mapping[str, Runtime] | None = None,
    ) -> None:
        self.programs = programs
        self.directory = directory
        self.environment = environment
        self.secrets = Secrets(directory, environment)
        self.runtimes = runtimes or {"process": Processes(directory, environment)}
        self._places = places

    async def launch(
        self, instance: Instance, attempt: int, spawned: Spawned, said: Said = lambda _: None
    ) -> tuple[Running, Endpoint]:
        """Start the instance and wait until it can serve.

        `spawned` is told of each program as soon as there is one, `said` of the lines that it writes meanwhile. Raises
        StartError.
        """
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                return await self._launch_once(instance, attempt, spawned, said)
            except StartError as error:
                is_race = error.failure.kind is FailureKind.PORT_TAKEN and instance.port is None
                if not is_race or not tries_left:
                    raise
        raise AssertionError

    async def _launch_once(
        self, instance: Instance, attempt: int, spawned: Spawned, said: Said
    ) -> tuple[Running, Endpoint]:
        runtime = self.runtimes[instance.runtime]
        try:
            start = await self._prepared(instance, attempt, runtime)
            order = start.order
            asked = ENGINES[instance.engine].readiness(order)
            watch = readiness.Watch(start.log, asked, said)
            running = await runtime.start(start)
        except EffectError as error:
            raise StartError(failure_of(error)) from error
        endpoint = self.endpoint(instance, order.port)
        spawned(running, endpoint)
        limit_s = self.stall_s(instance)
        try:
            is_ready = await readiness.wait_ready(running, endpoint, asked, watch, limit_s)
        except readiness.StalledError:
            await self._stop(instance, running)
            raise StartError(self._stalled(instance, start.log, limit_s)) from None
        if not is_ready:
            await running.sweep()
            raise StartError(self.explain(instance, running, start.log))
        if instance.engine != "command" and not running.holds(order.port):
            await self._stop(instance, running)
            message = f"another program answers on port {order.port}, which `{instance.model_id}` was to have"
            raise StartError(Failure(FailureKind.PORT_TAKEN, message))
        return running, await self.known(instance, endpoint)

    async def _prepared(self, instance: Instance, attempt: int, runtime: Runtime) -> Start:
        """Everything before the start itself; the port last, since preparing may take minutes. Raises EffectError."""
        # Who listens at the port of a unit may be that unit.
        if instance.port is not None and instance.unit is None and not ports.is_free(instance.port, HOST):
            message = f"port {instance.port} of `{instance.model_id}` is taken by another program"
            raise StartError(Failure(FailureKind.PORT_TAKEN, message))
        link = self._places.log(instance.model_id)
        log = engine_log.of_attempt(link, engine_log.begin(link))
        await runtime.prepare(instance, log)
        if keeper := self.keeper(instance):
            keeper.prepare()
        port = ports.free_port(HOST) if instance.port is None else instance.port
        order = self._order(instance, port)
        if instance.unit is None:
            self.secrets.learn(instance)
            order = self._resolved(order, instance.environment_files)
        return Start(instance, attempt, order, log)

    async def _stop(self, instance: Instance, running: Running) -> None:
        engine = ENGINES[instance.engine]
        await running.stop(engine.STOP_SIGNAL, engine.STOP_GRACE_S)

    def stall_s(self, instance: Instance) -> float:
        """How long the instance may say nothing while it loads its weights."""
        return readiness.stall_s(self.directory / Path(instance.model).expanduser() if instance.model else None)

    def keeper(self, instance: Instance) -> Keeper | None:
        """What saves and restores the instance's cache, if that is wanted."""
        way = ENGINES[instance.engine].SLOT_CACHE
        if way is None or not instance.keeps_cache:
            return None
        key = key_of(instance, self.programs.get(instance.model_id, ()), self.directory)
        return Keeper(way, self._places.cache(instance.model_id), key)

    def _order(self, instance: Instance, port: int) -> Order:
        """What the instance is started with, references to secrets not yet resolved."""
        return Order(
            model_id=instance.model_id,
            program=self.programs.get(instance.model_id, ()),
            host=HOST,
            port=port,
            model=instance.model,
            served_name=instance.served_name,
            settings=instance.settings,
            environment=instance.environment,
            cmd=instance.cmd,
            ready=instance.ready,
            sleep=instance.sleep,
            cache_directory=str(self._places.cache(instance.model_id)) if instance.keeps_cache else None,
        )

    def _resolved(self, order: Order, files: Sequence[str]) -> Order:
        """The order as it is carried out; `files` hold more of its environment. Raises EffectError."""
        resolver = self.resolver(order.model_id, order.port)
        variables: dict[str, str] = {}
        for file in files:
            path = self.directory / Path(file).expanduser()
            variables.update(read_environment_file(path, self.environment))
        return replace(
            order,
            model=str(Path(order.model).expanduser()) if order.model and order.model.startswith("~/") else order.model,
            settings=resolver.tree(order.settings),
            environment={**variables, **resolver.tree(order.environment)},
            cmd=tuple(resolver.text(word) for word in order.cmd) if order.cmd else None,
        )

    def resolver(self, model: str, port: int | None) -> Resolver:
        """What fills in the references and placeholders of a model's commands."""
        placeholders = {"PORT": "" if port is None else str(port), "MODEL_ID": model}
        return Resolver(self.directory, self.environment, placeholders)

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
        version = embedded_build(self.programs.get(instance.model_id, ()))
        if version is None and engine.VERSION is not None:
            path, pointer = engine.VERSION
            with contextlib.suppress(EffectError):
                page = await fetch(endpoint, path, timeout_s=_VERSION_TIMEOUT_S, max_bytes=_VERSION_BYTES)
                version = versions.told(page, pointer)
        return replace(endpoint, apis=engine.apis(version))

    def readiness(self, instance: Instance, port: int) -> Readiness:
        """How to see that an instance on this port can serve."""
        return ENGINES[instance.engine].readiness(self._order(instance, port))

    def explain(self, instance: Instance, running: Running, log: Path) -> Failure:
        """Why an instance ended by itself."""
        lines = self.secrets.tail(instance, log, failure.READ_LINES)
        why = failure.explain(ENGINES[instance.engine], returncode=running.exited.result(), lines=lines)
        if running.is_out_of_memory:
            message = f"{instance.engine} was killed by the kernel: it reached its `limits.memory`"
            return Failure(FailureKind.OUT_OF_MEMORY, message, why.log_tail)
        return why

    def _stalled(self, instance: Instance, log: Path, limit_s: float) -> Failure:
        message = f"`{instance.model_id}` neither became ready nor wrote to its log for {limit_s:.0f} s"
        return Failure(FailureKind.STALLED, message, tuple(self.secrets.tail(instance, log, failure.TAIL_LINES)))

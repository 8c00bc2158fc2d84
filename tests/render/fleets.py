"""Fleets whose texts every language would like to take for something of its own, and what their engines have to get.

A model is made as literal values first; the fleet file is written from those, and the engine's own module says from
them what has to be run, so that neither passes through what is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from remuda.engines import ENGINES, flags, vllm
from remuda.engines.contract import Launch, Order
from remuda.plan.check import load_fleet
from remuda.plan.container import PROGRAMS
from remuda.plan.plan import CONTAINERS
from remuda.spec.fleet import Fleet
from remuda.spec.yaml_text import to_yaml
from tests.quoting.strategies import WORDS

IMAGE = "registry.example/engine:1"
ANYWHERE = "0.0.0.0"  # noqa: S104  inside of its container
FIRST_PORT = 21000

_TEXTS = WORDS.filter(bool)
_VALUES = st.one_of(_TEXTS, st.integers(-9, 9), st.booleans(), st.none())
_FOLDERS = st.text(st.sampled_from("abc%é-_#;"), min_size=1, max_size=6)


@dataclass(frozen=True)
class Wanted:
    """What one model is to be run with; every text is meant as it stands."""

    model_id: str
    engine: str
    port: int
    settings: Mapping[str, Any]
    environment: Mapping[str, str]
    volumes: tuple[str, ...]
    cmd: tuple[str, ...]

    def entry(self, runtime: str) -> dict[str, Any]:
        """The model in the fleet file, where a dollar sign is written twice wherever references are read."""
        what = {"cmd": list(map(_spelled, self.cmd))} if self.engine == "command" else {"model": "org/weights"}
        contained = {"image": "registry.example/engine", "tag": "1", "volumes": list(self.volumes)}
        return {
            "engine": self.engine,
            "runtime": runtime,
            **what,
            **(contained if runtime in CONTAINERS else {"executable": "/opt/engine"} if "cmd" not in what else {}),
            "port": self.port,
            "devices": ["cpu"],
            "settings": {key: _spelled(value) for key, value in self.settings.items()},
            "environment": {name: _spelled(value) for name, value in self.environment.items()},
        }

    def launch(self, host: str, port: int, program: tuple[str, ...] | None = None) -> Launch:
        """What the engine's module would run there."""
        is_command = self.engine == "command"
        order = Order(
            model_id=self.model_id,
            program=program or PROGRAMS.get(self.engine, ()),
            host=host,
            port=port,
            model=None if is_command else "org/weights",
            settings=self.settings,
            environment=self.environment,
            cmd=self.cmd if is_command else None,
        )
        return ENGINES[self.engine].launch(order)

    def vllm_words(self) -> tuple[str, ...]:
        """What the entry point of vLLM's image gets of a unit: the flags as llmhop writes them."""
        managed = {"host": ANYWHERE, "port": 8000, "served-model-name": self.model_id}
        return ("org/weights", *flags.render({**self.settings, **managed}, replace(vllm.DIALECT, join="equals")))


@st.composite
def _model(draw: st.DrawFn, number: int) -> Wanted:
    engine = draw(st.sampled_from(sorted(ENGINES)))
    takes_settings = not ENGINES[engine].DIALECT.refuses
    volumes = st.tuples(_FOLDERS, _FOLDERS).map(lambda ends: f"/srv/{ends[0]}x:/mnt/{ends[1]}x")
    return Wanted(
        model_id=f"m{number}",
        engine=engine,
        port=FIRST_PORT + number,
        settings=draw(st.dictionaries(st.sampled_from(["xa", "xb-c", "xd"]), _VALUES)) if takes_settings else {},
        environment=draw(st.dictionaries(st.sampled_from(["V_A", "V_B"]), WORDS)),
        volumes=tuple(draw(st.lists(volumes, max_size=2, unique_by=lambda volume: volume.partition(":")[2]))),
        cmd=("/bin/serve", *draw(st.lists(_TEXTS, max_size=4))),
    )


FLEETS = st.integers(1, 3).flatmap(lambda count: st.tuples(*map(_model, range(count))))


def fleet_of(models: tuple[Wanted, ...], runtime: str) -> Fleet:
    """The checked fleet of these models."""
    entries = {model.model_id: model.entry(runtime) for model in models}
    fleet, _, _ = load_fleet(to_yaml({"models": entries, "lint": {"model_ids": "off"}}), "remuda.yaml")
    return fleet


def _spelled(value: Any) -> Any:
    return value.replace("$", "$$") if isinstance(value, str) else value

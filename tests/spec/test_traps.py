"""The traps that the files of other servers fell into, each by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from remuda.engines import ENGINES
from remuda.spec.check import judge
from remuda.spec.document import load
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Fleet, Lint, Residency
from remuda.spec.gateway import Gateway, Key, Tls
from remuda.spec.limits import Limits
from remuda.spec.model import Model
from remuda.spec.page import page
from remuda.spec.reference import fill
from remuda.spec.schema import schema
from tests.spec.reading import lines

SECTIONS: tuple[type[BaseModel], ...] = (Fleet, Gateway, Key, Tls, Limits, EngineDefaults, Model, Residency, Lint)
MADE = schema(ENGINES)


def said(text: str) -> list[str]:
    return lines(judge(load(text, "remuda.yaml"))[1])


def test_trap_55_one_name_is_told_at_both_places_wherever_it_is_given_twice() -> None:
    text = "models:\n  a-1b-cpu: {cmd: 'x ${PORT}', aliases: [b]}\n  b: {cmd: 'x ${PORT}'}\nroutes:\n  b: a-1b-cpu\n"
    collisions = [line for line in said(text + "lint: {model_ids: 'off'}\n") if "has the name of" in line]
    assert len(collisions) == 2
    for line in collisions:
        assert line.split(" ")[0] in {"2:42", "5:3"}
        assert line.endswith(("at 3:3", "at 5:3"))


def test_trap_56_what_stands_in_a_comment_or_is_not_set_yet_is_no_error_of_the_file() -> None:
    text = "# ${env:NOT_SET} ${\nmodels:\n  a-1b-cpu:\n    cmd: 'x ${PORT} ${env:NOT_SET}' # ${oops\n"
    assert said(text) == []


def test_trap_56_what_is_filled_in_is_text_and_never_yaml() -> None:
    secret = "x}\nmodels: {evil: {cmd: rm}}"
    assert fill("${env:A}", lambda _: secret) == secret


def test_trap_57_no_two_models_get_one_port() -> None:
    text = (
        "models:\n  a-1b-cpu: {cmd: x, port: 9000}\n  b-1b-cpu: {cmd: x, port: 9000}\n  c-1b-cpu: {cmd: 'x ${PORT}'}\n"
    )
    assert said(text) == ["3:28 model `b-1b-cpu` has the port of model `a-1b-cpu`: 9000"]
    assert Model.model_fields["port"].default is None


def defaults() -> list[tuple[type[BaseModel], str, Any]]:
    """Every default that the schema tells."""
    found = []
    for section in SECTIONS:
        definition = MADE if section is Fleet else MADE["$defs"][section.__name__]
        names = {field.alias or name: name for name, field in section.model_fields.items()}
        for key, told in definition["properties"].items():
            if "default" in told:
                found.append((section, names[key], told["default"]))
    return found


def read(text: str) -> object:
    """What a default of the page says when somebody copies it into a file; None when that is no YAML."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return None


@pytest.mark.parametrize(("section", "name", "told"), defaults(), ids=lambda value: str(value)[:40])
def test_trap_62_what_schema_and_page_tell_as_a_default_is_the_default(
    section: type[BaseModel], name: str, told: object
) -> None:
    """Written into a file, it says what leaving the key out says."""
    key = section.model_fields[name].alias or name
    required = {"name": "x", "secret": "${env:X}"} if section is Key else {}
    assert section.model_validate({**required, key: told}) == section.model_validate(required)
    rows = re.findall(rf"^\| `{key}` \| .* Default: `(.*?)`\.", page(MADE), re.MULTILINE)
    assert told in [read(row) for row in rows]


def test_trap_62_there_are_defaults_in_most_sections() -> None:
    assert len({section for section, _, _ in defaults()}) > len(SECTIONS) / 2

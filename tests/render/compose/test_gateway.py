from pathlib import Path

import pytest

from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render.compose import gateway
from remuda.render.compose.service import serviced
from remuda.render.contract import Request
from remuda.spec.fleet import Fleet
from remuda.spec.yaml_text import to_yaml

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))


def fleet(text: str) -> Fleet:
    return load_fleet(text, "remuda.yaml")[0]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_gateway_goes_by_what_the_fleet_says(example: Path) -> None:
    """Read back, its file says the same of the gateway, the routes and all that clients see of the models."""
    before = fleet(example.read_text())
    request = Request(before)
    services = {
        model.model_id: serviced(model, 18000 + number, Host(()))
        for number, model in enumerate(request.models())
        if model.runtime != "external"
    }
    after = fleet(to_yaml(gateway.fleet_file(before, services)))
    assert after.routes == before.routes
    assert after.gateway.model_copy(update={"keys": ()}) == before.gateway.model_copy(update={"keys": ()})
    assert [key.name for key in after.gateway.keys] == [key.name for key in before.gateway.keys]
    assert after.models.keys() == before.models.keys()
    for name, entry in before.models.items():
        for key in ("name", "aliases", "strip_params", "set_params", "on_disconnect", "metadata", "unlisted"):
            assert getattr(after.models[name], key) == getattr(entry, key)


def test_what_only_the_engine_could_tell_is_written_down() -> None:
    keys = "engine: vllm, model: x, served_name: y, timings: true, settings: {max-model-len: 4096}"
    before = fleet(f"models: {{a: {{{keys}}}, b: {{engine: llama-cpp, model: x, timings: true}}}}")
    services = {model.model_id: serviced(model, 1, Host(())) for model in Request(before).models()}
    models = gateway.fleet_file(before, services)["models"]
    assert models["a"]["served_name"] == "y"
    assert models["a"]["context_length"] == 4096
    assert models["a"]["timings"] is True
    assert "timings" not in models["b"]


def test_its_secrets_are_the_files_and_variables_that_it_refers_to() -> None:
    keys = '[{name: a, secret: "${file:/etc/a}"}, {name: b, secret: "${env:B}"}]'
    before = fleet(f"gateway: {{keys: {keys}}}\nmodels: {{}}")
    (a, b) = gateway.fleet_file(before, {})["gateway"]["keys"]
    made = gateway.service(before)
    assert a["secret"] == f"${{file:/run/secrets/{made['secrets'][0]}}}"
    assert b["secret"] == "${env:B}"
    assert made["environment"] == {"B": "${B?set B}"}


def test_files_of_its_own_are_shown_to_it() -> None:
    before = fleet(
        "gateway: {listen: '0.0.0.0:443', keys: [{name: a, secret: '${env:A}'}], access_log: /var/log/r/a.jsonl,"
        " tls: {cert: /c, key: /k}}\nmodels: {}"
    )
    made = gateway.service(before)
    assert made["volumes"][1:] == ["/c:/c:ro", "/k:/k:ro", "/var/log/r:/var/log/r"]
    assert "('127.0.0.1', 443)" in made["healthcheck"]["test"][-1]

import pytest

from remuda.plan.check import load_fleet
from remuda.render import starting as module
from remuda.render.contract import Request
from remuda.render.order import Place
from remuda.render.starting import ANY_PORT, PORT, starting
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

KEY, TOKEN = Reference("file", "/etc/key"), Reference("env", "TOKEN")


def model(keys: str, engines: str = "{}") -> Effective:
    fleet, _, _ = load_fleet(f"engines: {engines}\nmodels: {{a: {{{keys}}}}}", "remuda.yaml")
    (found,) = Request(fleet).models()
    return found


def test_references_come_through_the_engine_as_parts_of_words() -> None:
    keys = 'engine: vllm, model: m, settings: {api-key: "x${file:/etc/key}"}, environment: {T: "$$ ${env:TOKEN}-"}'
    started = starting(model(keys), Place(("vllm",), "127.0.0.1", 8000))
    assert ("x", KEY) in started.argv
    assert started.environment["T"] == ("$ ", TOKEN, "-")
    assert started.served_name == "a"
    assert started.readiness.path == "/health"


def test_placeholders_are_filled_in_and_an_unknown_port_can_be_told_from_all_else() -> None:
    keys = 'cmd: "serve --port ${PORT} --name ${MODEL_ID} --key ${file:/etc/key}"'
    started = starting(model(keys), Place((), "127.0.0.1", ANY_PORT))
    assert started.argv == (("serve",), ("--port",), (PORT,), ("--name",), ("a",), ("--key",), (KEY,))


def test_where_references_stand() -> None:
    keys = 'engine: vllm, model: m, settings: {a: "${env:TOKEN}"}, environment: {B: "${file:/etc/key}"}'
    found = list(module.references(model(keys, '{vllm: {environment: {C: "${env:TOKEN}"}}}')))
    assert found == [
        (("models", "a", "settings", "a"), TOKEN),
        (("engines", "vllm", "environment", "C"), TOKEN),
        (("models", "a", "environment", "B"), KEY),
    ]


def test_a_reference_that_would_end_up_inside_of_json_is_refused() -> None:
    keys = 'engine: vllm, model: m, settings: {a: {b: ["${env:TOKEN}"]}, c: {d: 1}}'
    (problem,) = module.nested_references(model(keys))
    assert problem.path == ("models", "a", "settings", "a")


@pytest.mark.parametrize(
    ("weights", "seen"),
    [
        ("/m/a.gguf", ("/m/a.gguf",)),
        ("/m/a-00001-of-00003.gguf", tuple(f"/m/a-0000{part}-of-00003.gguf" for part in (1, 2, 3))),
        ("/m/directory", ("/m/directory",)),
        ("owner/name", ()),
    ],
)
def test_the_weights_of_a_path(weights: str, seen: tuple[str, ...]) -> None:
    assert module.weights(model(f'engine: llama-cpp, model: "{weights}"')) == seen

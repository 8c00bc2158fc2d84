import pytest

from remuda.plan.care import HEALTH_TIMEOUT_S, Care, care
from remuda.plan.check import load_fleet
from remuda.spec.merge import effective


def care_of(model: str) -> Care:
    fleet, _, _ = load_fleet(f"models: {{m: {{{model}}}}}\nlint: {{model_ids: off}}\n", "remuda.yaml")
    return care(effective(fleet, "m"))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("engine: llama-cpp, model: a.gguf", HEALTH_TIMEOUT_S),
        ("engine: llama-cpp, model: a.gguf, health_timeout: never", None),
        ("engine: llama-cpp, model: a.gguf, health_timeout: 5m", 300),
        ('cmd: "x ${PORT}"', None),
        ('cmd: "x ${PORT}", health_timeout: 1m', 60),
    ],
)
def test_a_program_that_we_do_not_know_hangs_only_if_the_user_says_when(model: str, expected: float | None) -> None:
    assert care_of(model).health_timeout_s == expected


def test_limits_and_hooks_are_as_written() -> None:
    found = care_of(
        "engine: llama-cpp, model: a.gguf, limits: {memory: 2GiB, cpus: 1.5}, "
        "hooks: {before_load: 'stop it now', after_unload: [a, b c], timeout: 5s}"
    )
    hooks = {"before_load": ("stop", "it", "now"), "after_unload": ("a", "b c")}
    assert found == Care(hooks, 5, 2 * 2**30, 1.5, HEALTH_TIMEOUT_S)


def test_without_any_there_are_none() -> None:
    assert care_of('cmd: "x ${PORT}"') == Care()

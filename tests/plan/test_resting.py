import pytest

from remuda.plan.check import check

HEAD = "lint: {model_ids: off}\nmodels:\n  m:\n    model: x\n"


def problems(text: str) -> list[tuple[str, int, str, str]]:
    found = check(HEAD + text, "remuda.yaml").problems
    return [(p.severity, p.position.line if p.position else 0, p.message, p.hint or "") for p in found]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "    engine: llama-cpp\n    sleep: 1\n",
            "`models.m.sleep` cannot be used with the engine `llama-cpp`",
            "remove it; it is for `vllm`",
        ),
        (
            "    engine: vllm\n    keep_cache: true\n",
            "`models.m.keep_cache` cannot be used with the engine `vllm`",
            "remove it; it is for `llama-cpp`",
        ),
    ],
)
def test_an_engine_that_cannot_is_named_at_the_line(text: str, message: str, hint: str) -> None:
    assert problems(text) == [("error", 6, message, hint)]


def test_the_files_of_a_cache_are_not_in_a_container() -> None:
    text = "    engine: llama-cpp\n    runtime: podman\n    image: i\n    tag: t\n    keep_cache: true\n"
    (found,) = problems(text)
    assert found[:2] == ("error", 9)
    assert "cannot be used with the runtime `podman`" in found[2]


def test_the_directory_of_a_cache_is_ours() -> None:
    text = "    engine: llama-cpp\n    keep_cache: true\n    settings: {slot-save-path: /tmp}\n"
    (found,) = problems(text)
    assert found[2] == "`models.m.settings.slot-save-path` is set by `keep_cache`"


@pytest.mark.parametrize("key", ["always_on: true", "swappable: false"])
def test_who_is_never_evicted_never_sleeps(key: str) -> None:
    (found,) = problems(f"    engine: vllm\n    sleep: 2\n    {key}\n")
    assert found[0] == "warning"
    assert "never evicted" in found[2]


@pytest.mark.parametrize("key", ["sleep: 1", "keep_cache: true"])
def test_a_server_of_somebody_else_is_not_put_to_sleep(key: str) -> None:
    found = check(f"models:\n  m:\n    url: http://10.0.0.7:8000\n    {key}\n", "remuda.yaml").problems
    assert any("cannot be used with `url`" in problem.message for problem in found)


def test_what_can_be_done_is_not_objected_to() -> None:
    assert problems("    engine: vllm\n    sleep: 1\n") == []
    assert problems("    engine: llama-cpp\n    keep_cache: true\n") == []
    assert problems("    engine: llama-cpp\n    keep_cache: false\n    settings: {slot-save-path: /x}\n") == []

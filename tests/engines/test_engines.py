"""The argv and environment of each engine, and what they have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remuda.engines import ENGINES
from remuda.engines.contract import Executable, Launch, Order, Readiness
from remuda.errors import InternalError

ORDER = Order(
    model_id="qwen",
    program=("/opt/engine",),
    host="127.0.0.1",
    port=5801,
    model="org/qwen",
    settings={"max-len": 8, "port": 1},
    environment={"HF_HOME": "/data"},
)


def launch(engine: str, **changes: object) -> Launch:
    return ENGINES[engine].launch(replace(ORDER, **changes))  # type: ignore[arg-type]


def test_vllm() -> None:
    assert launch("vllm") == Launch(
        ("/opt/engine", "serve", "org/qwen", "--host", "127.0.0.1", "--port", "5801", "--served-model-name", "qwen",
         "--max-len", "8"),
        {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HOME": "/data"},
    )  # fmt: skip


def test_vllm_counts_its_users_when_they_ask_for_it() -> None:
    assert launch("vllm", environment={"DO_NOT_TRACK": "0"}).environment["DO_NOT_TRACK"] == "0"


SGLANG = ("--model-path", "org/qwen", "--host", "127.0.0.1", "--port", "5801", "--served-model-name", "qwen", "--enable-metrics", "--max-len", "8")  # fmt: skip # noqa: E501


def test_sglang_as_a_program_has_a_verb() -> None:
    assert launch("sglang") == Launch(("/opt/engine", "serve", *SGLANG), {"HF_HOME": "/data"})


def test_sglang_as_a_module_has_none() -> None:
    module = ("/usr/bin/python", "-m", "sglang.launch_server")
    assert launch("sglang", program=module).argv == (*module, *SGLANG)


@pytest.mark.parametrize(
    ("model", "flag"),
    [
        ("tiny.gguf", "--model"),
        ("/models/tiny", "--model"),
        ("./tiny", "--model"),
        ("~/tiny", "--model"),
        ("ggml-org/gemma-3-4b-it-GGUF:Q4_K_M", "--hf-repo"),
    ],
)
def test_llama_cpp_takes_a_file_or_a_repository(model: str, flag: str) -> None:
    argv = ("/opt/engine", flag, model, "--alias", "qwen", "--host", "127.0.0.1", "--port", "5801")
    assert launch("llama-cpp", model=model, settings={}) == Launch((*argv, "--metrics"), {"HF_HOME": "/data"})


def test_llama_cpp_has_metrics_unless_they_are_switched_off() -> None:
    assert "--metrics" in launch("llama-cpp").argv
    assert not {"--metrics", "--no-metrics"} & set(launch("llama-cpp", settings={"metrics": False}).argv)


def test_llama_cpp_says_on_and_off_where_it_must() -> None:
    argv = launch("llama-cpp", settings={"flash-attn": True, "fit": False, "jinja": True, "metrics": None}).argv
    assert argv[-5:] == ("--fit", "off", "--flash-attn", "on", "--jinja")


def test_ollama_is_told_everything_by_its_environment() -> None:
    assert launch("ollama") == Launch(
        ("/opt/engine", "serve"),
        {"OLLAMA_KEEP_ALIVE": "-1", "HF_HOME": "/data", "OLLAMA_HOST": "127.0.0.1:5801"},
    )


def test_a_command_is_what_the_user_wrote() -> None:
    launched = launch("command", cmd=("whisper", "--port=5801"), environment={"NAME": "${PORT}"})
    assert launched == Launch(("whisper", "--port=5801"), {"NAME": "${PORT}"})


@pytest.mark.parametrize(
    ("engine", "path", "served_name"),
    [
        ("vllm", "/health", "qwen"),
        ("sglang", "/health", "qwen"),
        ("llama-cpp", "/health", None),
        ("ollama", "/api/version", "org/qwen"),
        ("command", "/health", "org/qwen"),
    ],
)
def test_readiness_and_served_name(engine: str, path: str, served_name: str | None) -> None:
    assert ENGINES[engine].readiness(ORDER) == Readiness(path)
    assert ENGINES[engine].readiness(replace(ORDER, ready="/up")) == Readiness("/up")
    assert ENGINES[engine].readiness(replace(ORDER, ready="")) == Readiness(None)
    assert ENGINES[engine].served_name(ORDER) == served_name


@pytest.mark.parametrize(
    ("engine", "flag", "asked_for"),
    [
        ("vllm", "--served-model-name", "q"),
        ("sglang", "--served-model-name", "q"),
        ("llama-cpp", "--alias", None),
        ("command", None, "q"),
    ],
)
def test_a_served_name_stands_for_the_models_id(engine: str, flag: str | None, asked_for: str | None) -> None:
    order = replace(ORDER, served_name="q")
    argv = ENGINES[engine].launch(order).argv
    assert flag is None or argv[argv.index(flag) + 1] == "q"
    assert "qwen" not in argv
    assert ENGINES[engine].served_name(order) == asked_for


def test_sglang_has_metrics_unless_they_are_switched_off() -> None:
    assert "--enable-metrics" not in launch("sglang", settings={"enable-metrics": False}).argv


def test_a_command_without_a_model_is_asked_for_the_model_id() -> None:
    assert ENGINES["command"].served_name(replace(ORDER, model=None)) == "qwen"


@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"command"}))
def test_an_engine_cannot_do_without_a_model(engine: str) -> None:
    ask = ENGINES[engine].served_name if engine == "ollama" else ENGINES[engine].launch
    with pytest.raises(InternalError, match="cannot start `qwen`"):
        ask(replace(ORDER, model=None))


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_says_how_it_is_found_and_stopped(name: str) -> None:
    engine = ENGINES[name]
    assert name == engine.NAME
    assert engine.INSTALL
    assert engine.STOP_GRACE_S > 0
    assert all("_" not in flag and not flag.startswith("-") for flag in engine.MANAGED)
    assert (not engine.PROGRAMS) is (name == "command")


@pytest.mark.parametrize("name", ["vllm", "sglang", "llama-cpp"])
def test_no_setting_overrides_a_managed_flag(name: str) -> None:
    engine = ENGINES[name]
    settings = dict.fromkeys(engine.MANAGED, "mine")
    assert "mine" not in launch(name, settings=settings).argv


def test_the_embedded_llama_cpp_comes_first() -> None:
    assert ENGINES["llama-cpp"].PROGRAMS[1:] == (Executable("llama-server"),)


@pytest.mark.parametrize("settings", [{}, {"enable_sleep_mode": False}])
def test_vllm_that_is_to_sleep(settings: dict[str, object]) -> None:
    started = launch("vllm", settings=settings, environment={"VLLM_SERVER_DEV_MODE": "0"}, sleep=1)
    assert started.argv[-1] == "--enable-sleep-mode"
    assert started.environment["VLLM_SERVER_DEV_MODE"] == "1"


def test_vllm_that_is_not_to_sleep_has_no_development_endpoints() -> None:
    assert "VLLM_SERVER_DEV_MODE" not in launch("vllm").environment


def test_trap_53_weights_that_were_dropped_are_read_again_before_the_cache_is_mapped() -> None:
    assert [call.path for call in ENGINES["vllm"].SLEEP[2].wake_up] == [
        "/wake_up?tags=weights",
        "/collective_rpc",
        "/wake_up?tags=kv_cache",
        "/reset_prefix_cache",
    ]


def test_llama_cpp_that_is_to_keep_its_cache() -> None:
    argv = launch("llama-cpp", settings={"no-slots": False}, cache_directory="/state/caches/a").argv
    assert argv[argv.index("--slot-save-path") + 1] == "/state/caches/a/"
    assert "--slots" in argv


def test_who_has_something_to_hide_says_what_may_be_seen() -> None:
    assert all(bool(engine.SLEEP) == bool(engine.SLEEPER_PATHS) for engine in ENGINES.values())

import pytest
from msgspec.structs import replace

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.facts.software import Extension, Package, Software
from remuda.plan.check import load_fleet
from remuda.plan.plan import Plan, decide
from remuda.plan.verdict.fleet import judged
from remuda.spec.merge import effective
from tests.plan.verdict.hosts import recorded

IMAGE = "runtime: podman, image: docker.io/vllm/vllm-openai, tag"
ROCM = "runtime: podman, image: docker.io/vllm/vllm-openai-rocm, tag"


def plan(entry: str, host: Host, lint: str = "error") -> Plan:
    text = f"lint: {{model_ids: 'off', verdicts: '{lint}'}}\nmodels: {{a: {{engine: vllm, model: o/a, {entry}}}}}"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return decide(fleet, host)


def refused(entry: str, host: str) -> tuple[Problem, ...]:
    return plan(entry, recorded(host)).refusals


def test_a_card_that_the_image_has_no_code_for_is_refused_before_anything_is_fetched() -> None:
    (found,) = refused(f"{IMAGE}: v0.23.0, devices: [cuda0]", "v100")
    assert found.message == (
        "`a` cannot run on cuda0 (7.0): docker.io/vllm/vllm-openai:v0.23.0: has code for 7.5, 8.0, 8.6, 8.9, 9.0, "
        "10.0, 12.0+PTX, not for 7.0 (vLLM 0.20.0 .buildkite/release-pipeline.yaml and docker/Dockerfile)"
    )
    assert found.hint == "use docker.io/vllm/vllm-openai:v0.19.1"
    assert found.path == ("models", "a", "devices")


@pytest.mark.parametrize(
    ("entry", "host", "count"),
    [
        (f"{IMAGE}: v0.19.1, devices: [cuda0]", "v100", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0]", "rtx-3090", 0),
        (f"{IMAGE}: v0.33.0, devices: [cuda0]", "driver-470", 1),
        (f"{IMAGE}: v0.33.0, devices: [cuda0]", "h100", 0),
        (f"{IMAGE}: v0.19.1", "rtx-3090-gtx-1080ti", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0]", "rtx-3090-gtx-1080ti", 1),
        (f"{IMAGE}: v0.33.0, devices: [cuda0, cuda1]", "rtx-3090-gtx-1080ti", 2),
        (f"{IMAGE}: v0.19.1, devices: [cuda1]", "rtx-3090-gtx-1080ti", 0),
        (f"{IMAGE}: v0.33.0, devices: [rocm0]", "mi50-w7500", 1),
        (f"{IMAGE}: v0.33.0, devices: [rocm0], steps: [pip install .]", "mi50-w7500", 0),
        (f"{IMAGE}: v0.19.1, devices: [cpu]", "cpu-avx512", 1),
        (f"{IMAGE}: v0.19.1, devices: [cuda0, cpu]", "rtx-3090", 0),
        (f"{IMAGE}: nightly, devices: [cuda0]", "p40", 0),
        (f"{IMAGE}: v0.99.0, devices: [cuda0]", "p40", 0),
        ("devices: [cuda0]", "p40", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0], settings: {{dtype: bfloat16}}", "t4", 1),
        (f"{IMAGE}: v0.19.1, devices: [cuda0], settings: {{dtype: half}}", "t4", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0], settings: {{kv-cache-dtype: fp8}}", "rtx-3090", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0], settings: {{attention-backend: FLASH_ATTN}}", "t4", 0),
        (f"{IMAGE}: v0.19.1, devices: [cuda0], settings: {{quantization: hqq}}", "rtx-3090", 1),
        (IMAGE.replace("docker.io", "mirror.local") + ": v0.23.0, devices: [cuda0]", "v100", 0),
        (f"{ROCM}: v0.33.0, devices: [rocm1]", "mi50-w7500", 1),
        (f"{ROCM}: v0.33.0, devices: [rocm1], environment: {{HSA_OVERRIDE_GFX_VERSION: 11.0.0}}", "mi50-w7500", 0),
        (f"{ROCM}: v0.33.0, devices: [rocm1], environment: {{HSA_OVERRIDE_GFX_VERSION_1: 11.0.0}}", "mi50-w7500", 0),
        (f"{ROCM}: v0.33.0, devices: [rocm1], environment: {{HSA_OVERRIDE_GFX_VERSION: 9.0.6}}", "mi50-w7500", 1),
        (f"{ROCM}: v0.33.0, devices: [rocm1], environment_file: /etc/vllm.env", "mi50-w7500", 0),
    ],
)
def test_only_what_is_certain_is_refused(entry: str, host: str, count: int) -> None:
    assert len(refused(entry, host)) == count


def test_of_several_cards_one_that_fails_is_a_warning() -> None:
    made = plan(f"{IMAGE}: v0.19.1, devices: ['cuda:all']", recorded("rtx-3090-gtx-1080ti"))
    assert made.refusals == ()
    assert ["cuda0 (6.1)" in note.message for note in made.notes] == [True]


def test_an_installed_wheel_is_known_too() -> None:
    package = Package("vllm", "0.16.0+cpu", "/v/lib/python3.12/site-packages", "cpu", ("cp312-manylinux_2_35_x86_64",))
    host = replace(recorded("cpu-avx2"), software=Software(packages=(package,)))
    (found,) = plan("", host).refusals
    assert "avx512f" in found.message
    assert plan("", replace(recorded("cpu-avx512"), software=Software(packages=(package,)))).refusals == ()


def test_a_plugin_may_add_what_a_wheel_has_not() -> None:
    package = Package("vllm", "0.33.0", "/v/lib/python3.12/site-packages", None, ("cp38-abi3-manylinux_2_31_x86_64",))
    extended = replace(package, extensions=(Extension("vllm/_moe_C.abi3.so"),))
    host = replace(recorded("rtx-5090"), software=Software(packages=(extended,)))
    assert plan("devices: [cuda0], settings: {quantization: gguf}", host).refusals == ()
    assert len(plan(f"{IMAGE}: v0.33.0, devices: [cuda0], settings: {{quantization: gguf}}", host).refusals) == 1


def test_the_user_has_the_last_word() -> None:
    entry, host = f"{IMAGE}: v0.23.0, devices: [cuda0]", recorded("v100")
    warned = plan(entry, host, "warning")
    assert warned.refusals == ()
    assert [problem.severity for problem in warned.notes] == ["warning"]
    assert plan(entry, host, "off").notes == ()


def test_an_engine_that_nothing_is_known_of_is_not_judged() -> None:
    text = "lint: {model_ids: 'off'}\nmodels: {a: {cmd: 'run ${PORT}'}, b: {url: 'http://10.0.0.7'}}"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    host = recorded("v100")
    assert judged(effective(fleet, "a"), host, ("cuda0",)) == ()
    assert judged(effective(fleet, "b"), host, ()) == ()


def test_a_build_that_is_not_known_is_unknown_with_what_there_is() -> None:
    text = "lint: {model_ids: 'off'}\nmodels: {a: {engine: vllm, model: o/a}}"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    (found,) = judged(effective(fleet, "a"), recorded("v100"), ("cuda0",))
    assert found.verdict.state == "unknown"
    assert found.alternatives

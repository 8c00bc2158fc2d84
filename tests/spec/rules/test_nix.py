from __future__ import annotations

import pytest

from remuda.spec.rules.nix import pinned, targets, together, wheels
from tests.spec.reading import document, said

COMMIT = "00fa62a8a25a98990e2389bd8ab7d0b91e3cb352"
HASH = "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s="
VLLM = "vllm-0.12.0-cp311-cp311-linux_x86_64.whl"
TORCH = "torch-2.9.1-cp311-cp311-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("keys", "messages"),
    [
        (f"nixpkgs: {COMMIT}, date: 2026-06-01", []),
        ("nixpkgs: nixos-unstable", ["`nix.nixpkgs` must be a commit of 40 hexadecimal digits, not `nixos-unstable`"]),
        (f"nixpkgs: {COMMIT[:12]}", [f"`nix.nixpkgs` must be a commit of 40 hexadecimal digits, not `{COMMIT[:12]}`"]),
        ("date: 2026-02-30", ["`nix.date` must be a day such as `2026-06-01`, not `2026-02-30`"]),
        ("date: '20260201'", ["`nix.date` must be a day such as `2026-06-01`, not `20260201`"]),
    ],
)
def test_pinned(keys: str, messages: list[str]) -> None:
    assert [problem.message for problem in pinned(document(f"nix: {{{keys}}}"))] == messages


def test_targets() -> None:
    assert said(targets, "nix: {targets: ['8.9', '9.0a', gfx90a, gfx1151, sm_89, gfx11, '89']}") == [
        "1:49 `nix.targets[4]` must be a compute capability or a gfx target, not `sm_89`",
        "1:56 `nix.targets[5]` must be a compute capability or a gfx target, not `gfx11`",
        "1:63 `nix.targets[6]` must be a compute capability or a gfx target, not `89`",
    ]


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        (f"{{path: wheels/{VLLM}}}", None),
        (f"{{path: ./{VLLM}}}", None),
        (f"{{file: {VLLM}, hash: {HASH}}}", None),
        (f"{{url: 'https://example.com/{VLLM}', hash: {HASH}}}", None),
        ("{}", " has none of `url`, `file` and `path`"),
        (f"{{file: {VLLM}, path: {VLLM}, hash: {HASH}}}", " has 2 of `url`, `file` and `path`"),
        (f"{{path: /home/nexus/amd-ai/artifacts/{VLLM}}}", ".path` is outside of the flake"),
        (f"{{path: ~/artifacts/{VLLM}}}", ".path` is outside of the flake"),
        (f"{{path: wheels/../../{VLLM}}}", ".path` is outside of the flake"),
        (f"{{path: 'my wheels/{VLLM}'}}", ".path` must have letters, digits and `._+-/` only"),
        (f"{{file: wheels/{VLLM}, hash: {HASH}}}", ".file` must be a name without directories"),
        (f"{{url: 'http://example.com/{VLLM}', hash: {HASH}}}", ".url` must begin with `https://`"),
        ("{path: wheels/vllm.whl}", ".path` is not named as a wheel"),
        (f"{{file: {VLLM}}}", " has no `hash`"),
        (f"{{url: 'https://example.com/{VLLM}', hash: sha256:12}}", ".hash` must be `sha256-` and 44 characters"),
    ],
)
def test_wheels(wheel: str, message: str | None) -> None:
    problems = [problem.message for problem in wheels(document(f"nix: {{wheels: {{rocm: [{wheel}]}}}}"))]
    assert [problem.startswith(f"`nix.wheels.rocm[0]{message}".replace("[0] ", "[0]` ")) for problem in problems] == (
        [True] if message else []
    )


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        ([VLLM, TORCH], []),
        ([TORCH], []),
        ([VLLM, TORCH.replace("x86_64", "aarch64")], []),
        ([VLLM], ["has vLLM without the torch that it was built against"]),
        ([VLLM, TORCH.replace("311", "312")], ["has wheels for several Pythons: 3.11, 3.12"]),
        ([VLLM, VLLM, TORCH], ["has `vllm` twice"]),
        (["x-1.0-py3-none-any.whl", "x-1.0-cp38-abi3-linux_x86_64.whl"], ["has `x` twice"]),
        (
            [TORCH, TORCH.replace("x86_64", "aarch64").replace("2.9.1", "2.10.0")],
            ["has several versions of `torch`: 2.10.0, 2.9.1"],
        ),
        (
            [TORCH.replace("2.9.1", "2.9.1+cu128")],
            ["has `torch-2.9.1+cu128-cp311-cp311-linux_x86_64.whl`, which was built for cuda"],
        ),
    ],
)
def test_together(files: list[str], messages: list[str]) -> None:
    listed = ", ".join(f"{{path: {file}}}" for file in files)
    problems = together(document(f"nix: {{wheels: {{rocm: [{listed}]}}}}"))
    assert [problem.message for problem in problems] == [f"`nix.wheels.rocm` {message}" for message in messages]


def test_other_shapes_are_not_its_business() -> None:
    text = "nix: {nixpkgs: 1, date: 2, targets: [3, {}], wheels: {cuda: 5, rocm: [6, {path: 7}]}}"
    assert [*pinned(document(text)), *targets(document(text)), *together(document(text))] == []

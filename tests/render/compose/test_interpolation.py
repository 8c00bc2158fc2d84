import re
from pathlib import Path

import pytest

from remuda.quoting.compose import escaped
from remuda.render.compose.interpolation import refusal, secret_name, secret_path, variable
from remuda.spec.reference import Reference
from remuda.spec.yaml_text import to_yaml
from tests.render.compose.programs import as_docker_reads

NASTY = [
    *("$", "$$", "$HOME", "${HOME}", "${HOME:-x}", "${", "$}", "$$$x", "%h", "a\\", "\\$x", "'", '"', "`id`", "{{x}}"),
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r\n",
        "a\nb",
        "#",
        "# a",
        "- a",
        "a: b",
        "!x",
        "&x",
        "*x",
        "é",
        "\u2028",
        "😀",
        "\x01",
        "\x7f",
    ),
    *("--api-key=$ecret", '{"a":"$b"}', "yes", "null", "1e3", "08", "~", "\ufeff"),
]


def test_any_words_survive_docker_compose(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(to_yaml({"services": {"a": {"image": "x", "command": [escaped(word) for word in NASTY]}}}))
    assert as_docker_reads(file, {"HOME": "/root", "x": "y"})["services"]["a"]["command"] == NASTY


def test_a_variable_is_replaced_and_what_it_holds_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(to_yaml({"services": {"a": {"image": "x", "command": [f"a{variable('KEY')}"]}}}))
    assert as_docker_reads(file, {"KEY": "${HOME}"})["services"]["a"]["command"] == ["a${HOME}"]


def test_secrets_of_files_with_one_name_are_kept_apart() -> None:
    assert secret_name("/a/hf token") != secret_name("/b/hf token")
    assert re.fullmatch(r"/run/secrets/hf-token-[0-9a-f]{8}", secret_path("/a/hf token"))


@pytest.mark.parametrize(
    ("reference", "is_refused"),
    [
        (Reference("cred", "hf"), True),
        (Reference("file", "hf"), True),
        (Reference("file", "/hf"), False),
        (Reference("env", "HF"), False),
    ],
)
def test_what_compose_cannot_refer_to_is_refused(reference: Reference, is_refused: bool) -> None:  # noqa: FBT001 (a parameter of the table)
    problem = refusal(("models", "a"), reference)
    assert (problem is not None) == is_refused
    assert problem is None or problem.hint

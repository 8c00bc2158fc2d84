import os
from pathlib import Path

import pytest

from remuda.edge.secrets import Resolver, read_environment_file, variable_names
from remuda.errors import EffectError
from remuda.spec.reference import file_credential


def test_each_kind_of_reference_is_resolved_inside_of_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    (tmp_path / "token").write_text("from-credential")
    resolver = Resolver(tmp_path, {"TOKEN": "from-env", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    tree = {"a": ["Bearer ${env:TOKEN}", 1, None], "b": {"c": "${file:key}/${cred:token}"}}
    assert resolver.tree(tree) == {"a": ["Bearer from-env", 1, None], "b": {"c": "from-file/from-credential"}}


def test_placeholders_are_filled_in_the_same_pass(tmp_path: Path) -> None:
    resolver = Resolver(tmp_path, {"TRICK": "${PORT}"}, {"PORT": "8001", "MODEL_ID": "tiny"})
    assert resolver.text("-p ${PORT} -a ${MODEL_ID} -k ${env:TRICK} $${PORT}") == "-p 8001 -a tiny -k ${PORT} ${PORT}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${env:NOPE}", r"cannot resolve `\$\{env:NOPE\}`: the variable is not set"),
        ("${file:nope}", r"cannot resolve `\$\{file:nope\}`: No such file"),
        ("${cred:nope}", r"cannot resolve `\$\{cred:nope\}`: there is no credentials directory"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EffectError, match=message):
        Resolver(tmp_path, {}).text(text)


def test_an_environment_file_is_read_literally(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('# comment\n\nA=1\nB="quoted"\nC=x=y\nHOME_DIR\nABSENT\n')
    assert read_environment_file(file, {"HOME_DIR": "/root"}) == {
        "A": "1",
        "B": '"quoted"',
        "C": "x=y",
        "HOME_DIR": "/root",
    }


def test_a_missing_environment_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot read the environment file"):
        read_environment_file(tmp_path / "nope", {})


def test_only_the_names_of_a_file_are_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"# A=1\nB=1\n C =x=y\nBARE\nB=2\n-----BEGIN KEY-----\nabc/+=\n=\nD=\xff\n")
    assert variable_names(tmp_path, ".env") == variable_names(Path("/"), str(file)) == ("B", "C", "B", "D")


def test_a_file_that_is_not_there_has_no_names(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file in ("nope", ".", "pipe", "~nobody-of-this-name/x", "a\0b"):
        assert variable_names(tmp_path, file) == ()


def test_a_file_that_is_handed_over_as_a_credential_is_read_there(tmp_path: Path) -> None:
    (tmp_path / file_credential("/etc/remuda/roo.key")).write_text("handed\n")
    resolver = Resolver(Path("/nowhere"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert resolver.text("${file:/etc/remuda/roo.key}") == "handed"
    with pytest.raises(EffectError, match="No such file"):
        resolver.text("${file:/etc/remuda/other.key}")

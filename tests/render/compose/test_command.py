import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remuda.engines.contract import Readiness
from remuda.render.compose.command import command
from remuda.render.compose.interpolation import secret_path
from remuda.render.starting import Starting, Word
from remuda.spec.reference import Reference

KEY, TOKEN = Reference("file", "/etc/key"), Reference("env", "TOKEN")
PRINT = 'for word; do printf "%s\\0" "$word"; done; printf "%s" "$VALUE"'
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
WORDS = st.lists(st.one_of(TEXTS, st.just(KEY), st.just(TOKEN)), max_size=4).map(tuple)


def starting(*argv: Word, **environment: Word) -> Starting:
    return Starting(argv, environment, Readiness(None))


def test_secrets_of_the_environment_are_left_to_compose() -> None:
    made = command(starting(("serve",), ("$x", TOKEN), A=("a$", TOKEN)))
    assert made.entrypoint == ("serve",)
    assert made.arguments == ("$$x${TOKEN?set TOKEN}",)
    assert made.environment == {"A": "a$$${TOKEN?set TOKEN}"}
    assert made.secrets == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(WORDS, max_size=4), value=WORDS, key=TEXTS, token=TEXTS)
def test_a_service_that_reads_files_gets_exactly_its_words(
    tmp_path: Path, words: list[Word], value: Word, key: str, token: str
) -> None:
    """The script is run by a real shell, in the environment that compose would give it."""
    (tmp_path / "key").write_text(key)
    made = command(starting(("sh",), ("-c",), (PRINT,), ("-",), *words, (KEY,), VALUE=value))
    *shell, script = made.entrypoint
    seen = script.replace("$$", "$").replace(secret_path("/etc/key"), str(tmp_path / "key"))
    environment = {name: text.replace("${TOKEN?set TOKEN}", token) for name, text in made.environment.items()}
    environment["VALUE"] = environment.get("VALUE", "").replace("$$", "$")
    environment["PATH"] = "/usr/bin:/bin"
    done = subprocess.run([*shell, seen], env=environment, check=True, capture_output=True)
    read = {KEY: key.rstrip("\n"), TOKEN: token}
    expected = [
        "".join(part if isinstance(part, str) else read[part] for part in word) for word in [*words, (KEY,), value]
    ]
    assert done.stdout == "\0".join(expected).encode()


def test_no_value_and_no_reference_is_left_where_it_has_no_business() -> None:
    made = command(starting(("serve",), A=(KEY,), B=(TOKEN,)))
    assert made.secrets == ("/etc/key",)
    assert made.environment == {"REMUDA_SECRET_1": "${TOKEN?set TOKEN}"}
    assert "unset REMUDA_SECRET_0" in made.entrypoint[-1]
    assert "unset REMUDA_SECRET_1" in made.entrypoint[-1]

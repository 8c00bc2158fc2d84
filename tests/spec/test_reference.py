from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec.form import FormError
from remuda.spec.reference import Part, Placeholder, Reference, as_reference, fill, literal, parse


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("${env:HOME}", (Reference("env", "HOME"),)),
        ("${file:/etc/a key}", (Reference("file", "/etc/a key"),)),
        ("${file:secrets/k}", (Reference("file", "secrets/k"),)),
        ("${cred:hf-token}", (Reference("cred", "hf-token"),)),
        ("--port ${PORT} x", ("--port ", Placeholder("PORT"), " x")),
        ("${MODEL_ID}${PORT}", (Placeholder("MODEL_ID"), Placeholder("PORT"))),
        ("5$ and $x", ("5$ and $x",)),
        ("$$", ("$",)),
        ("$${env:X}", ("${env:X}",)),
        ("$$${PORT}", ("$", Placeholder("PORT"))),
        ("$$$$", ("$$",)),
    ],
)
def test_the_parts_of_a_text(text: str, parts: tuple[Part, ...]) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        ("ab ${HOME}", 3, "has `${HOME}`: expected `${env:NAME}`", "write `${env:HOME}`"),
        ("${PROT}", 0, "has `${PROT}`", "write `${PORT}`"),
        ("${MODELID}", 0, "has `${MODELID}`", "write `${MODEL_ID}`"),
        ("${VAR:+--flag}", 0, "has `${VAR:+--flag}`", "write `$${`"),
        ("${env:}", 0, "has `${env:}`: expected the name of an environment variable", "write `${env:NAME}`"),
        ("${env:A-B}", 0, "has `${env:A-B}`", "write `${env:NAME}`"),
        ("${file: }", 0, "has `${file: }`: expected a path", "write `${file:/path/to/file}`"),
        ("${cred:../x}", 0, "has `${cred:../x}`: expected the name of a systemd credential", "write `${cred:name}`"),
        ("${vault:x}", 0, "has `${vault:x}`", "write"),
        ("x ${env:A", 2, "has a `${` without its `}`", "write `$${`"),
        ("${}", 0, "has `${}`", "write"),
        ("${PORT:1}", 0, "has `${PORT:1}`", "write"),
    ],
)
def test_what_is_no_reference(text: str, offset: int, message: str, hint: str) -> None:
    with pytest.raises(FormError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith(hint)


def test_a_text_that_is_one_reference_and_nothing_else() -> None:
    assert as_reference("${env:KEY}") == Reference("env", "KEY")
    assert as_reference(" ${env:KEY}") is None
    assert as_reference("${PORT}") is None
    assert as_reference("secret") is None


def test_values_are_filled_in_and_not_read_again() -> None:
    values = {Reference("env", "A"): "${PORT}", Placeholder("PORT"): "8000"}
    assert fill("${env:A} $${PORT} ${PORT}", values.__getitem__) == "${PORT} ${PORT} 8000"


names = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)
references = st.builds(Reference, st.sampled_from(["env", "cred"]), names) | st.sampled_from(
    [Placeholder("PORT"), Placeholder("MODEL_ID")]
)


@given(st.lists(st.text("ab $:", min_size=1, max_size=4) | references, max_size=6))
def test_parts_that_are_written_are_read_again(parts: list[str | Reference | Placeholder]) -> None:
    text = "".join(part.replace("$", "$$") if isinstance(part, str) else str(part) for part in parts)
    plain = "".join(map(str, parts))
    assert "".join(map(str, parse(text))) == plain
    assert fill(text, str) == plain


@given(st.text("${}:envPORT", max_size=20))
def test_any_text_has_parts_or_an_error(text: str) -> None:
    offset = text.find("${")
    try:
        parse(text)
    except FormError as error:
        offset = error.offset
    assert offset == -1 or text.startswith("${", offset)


@given(st.text(alphabet="$${}:envPORT ab"))
def test_a_literal_text_is_read_as_itself(text: str) -> None:
    assert parse(literal(text)) == ((text,) if text else ())

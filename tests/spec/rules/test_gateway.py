from __future__ import annotations

import pytest

from remuda.spec.rules.gateway import key_names, open_to_others, port, secrets
from tests.spec.reading import document, said

NO_KEYS = "2:11 `gateway.listen` is `0.0.0.0:80`, which other machines reach, but there are no `keys`"


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        ("  listen: 0.0.0.0:80\n", [NO_KEYS]),
        ("  listen: 0.0.0.0:80\n  keys: []\n", [NO_KEYS]),
        ("  listen: 0.0.0.0:80\n  keys: [{name: a, secret: '${env:A}'}]\n", []),
        ("  listen: 127.0.0.1:80\n", []),
        ("  listen: '[::1]:80'\n", []),
        ("  listen: nonsense\n", []),
        ("  keys: []\n", []),
    ],
)
def test_an_open_address_needs_keys(gateway: str, expected: list[str]) -> None:
    assert said(open_to_others, "gateway:\n" + gateway) == expected


@pytest.mark.parametrize(
    ("gateway", "expected"),
    [
        ("{}", "3:13 model `a` has the port of the gateway, which listens on `127.0.0.1:8080`"),
        ("{listen: '0.0.0.0:8080'}", "3:13 model `a` has the port of the gateway, which listens on `0.0.0.0:8080`"),
        ("{listen: '[::]:8080'}", "3:13 model `a` has the port of the gateway, which listens on `[::]:8080`"),
        ("{listen: '127.0.0.1:8081'}", None),
        ("{listen: '10.0.0.1:8080'}", None),
        ("{listen: nonsense}", None),
    ],
)
def test_a_model_cannot_have_the_port_of_the_gateway(gateway: str, expected: str | None) -> None:
    models = "\n  a: {port: 8080}\n  b: {port: 8080, enabled: false}\n  c: {port: x}\n  d: {}"
    assert said(port, f"gateway: {gateway}\nmodels:{models}") == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("secret", "is_right"),
    [
        ("${env:KEY}", True),
        ("${file:/etc/key}", True),
        ("${cred:key}", True),
        ("sk-very-secret", False),
        ("prefix-${env:KEY}", False),
        ("${env:KEY}${env:B}", False),
        ("${PORT}", False),
        ("${HOME}", False),
    ],
)
def test_a_secret_is_a_reference_and_is_never_shown(secret: str, is_right: bool) -> None:  # noqa: FBT001
    problems = list(secrets(document(f'gateway:\n  keys:\n    - {{name: a, secret: "{secret}"}}\n')))
    assert [problem.path for problem in problems] == ([] if is_right else [("gateway", "keys", 0, "secret")])
    assert secret not in "".join(f"{problem.message} {problem.hint}" for problem in problems)


def test_names_of_keys_are_unique() -> None:
    text = "gateway: {keys: [{name: a}, {name: b}, {name: a}, 5, {}]}\n"
    assert said(key_names, text) == ["1:47 `gateway.keys[2].name` is the name of `gateway.keys[0]` too: `a`"]

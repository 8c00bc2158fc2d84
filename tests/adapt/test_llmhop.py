from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt import llmhop
from remuda.adapt.write import fleet_text
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.llmhop import FIRST, SECOND, render
from tests.adapt.files import said, source


def test_the_first_release() -> None:
    text = """{
  "listen": ":8080",
  "authTokens": ["${file:client_token}", "plain", "$TOKEN"],
  "maxBodyBytes": 1000,
  "models": {
    "a": {"url": "http://localhost:1", "headers": {"X": "Bearer ${env:KEY} $OTHER 5$ ${file:/k}"}},
    "b": {"headers": {}},
    "c": {"url": "http://localhost:2", "weight": 3}
  }
}"""
    made = llmhop.adapt(source(text))
    assert made.data == {
        "gateway": {
            "listen": "0.0.0.0:8080",
            "keys": [
                {"name": "token-1", "secret": "${cred:client_token}"},
                {"name": "token-2", "secret": "${env:REMUDA_TOKEN_2}"},
                {"name": "token-3", "secret": "${env:TOKEN}"},
            ],
            "limits": {"body_size": 1000},
        },
        "models": {
            "a": {
                "url": "http://localhost:1",
                "upstream_headers": {"X": "Bearer ${env:KEY} ${env:OTHER} 5$$ ${file:/k}"},
            },
            "c": {"url": "http://localhost:2"},
        },
    }
    assert said(made) == [
        "3:42 warning: `authTokens[1]` is the secret itself and is not taken over",
        "7:10 `models.b` has no `url`: expected its address",
        "8:40 warning: `models.c.weight` is not known to be a key of llmhop's and is left out",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1 cannot read the JSON: expecting value"),
        ("{", "1:2 cannot read the JSON: expecting property name"),
        ("[1]", "1:1 the file is a list"),
        ("[" * 100_000, "cannot read the JSON: it is nested too deeply"),
        ("{}", "1:1 there are no models in it"),
        ('{"models": {}}', "1:1 there are no models in it"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, message: str) -> None:
    made = llmhop.adapt(source(text))
    assert made.is_refused
    assert message in said(made)[0]


NAMES = st.text("abc-", min_size=1, max_size=5).filter(lambda name: name[0] != "-")
TEXTS = st.lists(st.sampled_from(["a", " ", "${env:K}", "${cred:c}", "${file:/f}", "x"]), max_size=4).map("".join)
MODELS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {"url": st.integers(1, 65535).map("http://10.0.0.1:{}".format)},
        optional={"upstream_headers": st.dictionaries(NAMES, TEXTS, min_size=1, max_size=2)},
    ),
    min_size=1,
    max_size=4,
)
KEYS = st.lists(st.sampled_from(["${env:A}", "${file:/b}", "${cred:c}"]), min_size=1, max_size=2)


@given(models=MODELS, secrets=KEYS, port=st.integers(1, 65535), release=st.sampled_from([FIRST, SECOND]))
def test_what_is_rendered_is_imported(
    models: dict[str, object], secrets: list[str], port: int, release: object
) -> None:
    keys = [{"name": f"token-{number}", "secret": secret} for number, secret in enumerate(secrets, 1)]
    data = {"gateway": {"listen": f"127.0.0.1:{port}", "keys": keys}, "models": models, "lint": {"model_ids": "off"}}
    fleet, _, _ = load_fleet(json.dumps(data), "remuda.yaml")
    text = render(Request(fleet)).files[release]  # type: ignore[index]
    made = llmhop.adapt(source(text))
    assert not made.remarks
    again, _, _ = load_fleet(fleet_text(made), "remuda.yaml")
    assert again.models == fleet.models
    assert again.gateway == fleet.gateway

from __future__ import annotations

import json
from typing import Any

import pytest

from remuda.gateway.decide import Admitted, Forward, Gateway, decide, screen
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.envelope import Answer
from remuda.gateway.head import Hop, RequestHead, read_head
from remuda.gateway.keys import Keyring, make_key

DIRECTORY = make_directory(
    [Listing("tiny-a", "A", "x", ("a",)), Listing("tiny-b", "B", "x")],
    {"mix": {"tiny-a": 1, "tiny-b": 1}, "lane": "tiny-b"},
)
OPEN = Gateway(DIRECTORY, body_max_bytes=1000)
KEYS = Keyring((make_key("all", "s-all"), make_key("only-a", "s-a", ["tiny-a"]), make_key("mixer", "s-mix", ["mix"])))
CLOSED = Gateway(DIRECTORY, KEYS)
CHAT = b"/v1/chat/completions"


def head(method: bytes = b"POST", target: bytes = CHAT, **fields: bytes) -> RequestHead:
    named = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    found = read_head(method, target, "1.1", [(b"host", b"x"), *named])
    assert isinstance(found, RequestHead)
    return found


def told(outcome: object) -> tuple[int, dict[str, Any]]:
    assert isinstance(outcome, Answer)
    return outcome.status, json.loads(outcome.body)


def ask(body: bytes, gateway: Gateway = OPEN, chance: float = 0.0, secret: str | None = None) -> Answer | Forward:
    fields = {} if secret is None else {"authorization": f"Bearer {secret}".encode()}
    admitted = screen(head(**fields), gateway)
    assert isinstance(admitted, Admitted), admitted
    return decide(admitted, body, gateway, chance)


@pytest.mark.parametrize("target", [b"/nope", b"/", b"/v1/models/x", b"//v1/models", b"/v1%2Fmodels", b"/V1/models"])
@pytest.mark.parametrize("method", [b"GET", b"POST", b"BREW"])
def test_an_unknown_path_is_404_for_any_method(method: bytes, target: bytes) -> None:
    status, body = told(screen(head(method, target), OPEN))
    assert (status, body["error"]["code"]) == (404, "unknown_path")


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        (b"GET", CHAT, b"POST"),
        (b"HEAD", b"/v1/embeddings", b"POST"),
        (b"OPTIONS", b"/v1/completions/", b"POST"),
        (b"POST", b"/v1/models", b"GET, HEAD"),
        (b"DELETE", b"/health", b"GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_with_the_right_ones(method: bytes, target: bytes, allow: bytes) -> None:
    answer = screen(head(method, target), OPEN)
    assert isinstance(answer, Answer)
    assert (answer.status, dict(answer.headers)) == (405, {b"allow": allow})


@pytest.mark.parametrize("target", [CHAT, b"/v1/completions", b"/v1/embeddings", b"/v1/%63ompletions/?x=1"])
def test_requests_with_a_model_want_their_body(target: bytes) -> None:
    assert isinstance(screen(head(target=target), OPEN), Admitted)


def test_health_is_told_to_everybody() -> None:
    assert told(screen(head(b"GET", b"/health"), CLOSED)) == (200, {"status": "ok"})


def test_the_list_of_models_holds_what_the_key_may_ask_for() -> None:
    def ids(secret: bytes) -> list[str]:
        status, body = told(screen(head(b"GET", b"/v1/models", x_api_key=secret), CLOSED))
        assert status == 200
        return [entry["id"] for entry in body["data"]]

    assert ids(b"s-all") == ["a", "lane", "mix", "tiny-a", "tiny-b"]
    assert ids(b"s-a") == ["a", "tiny-a"]
    assert ids(b"s-mix") == ["mix"]


@pytest.mark.parametrize("fields", [{}, {"x_api_key": b"wrong"}, {"authorization": b"Bearer s-al"}])
@pytest.mark.parametrize(("method", "target"), [(b"POST", CHAT), (b"GET", b"/v1/models")])
def test_without_a_key_that_fits_it_is_401(fields: dict[str, bytes], method: bytes, target: bytes) -> None:
    outcome = screen(head(method, target, **fields), CLOSED)
    status, body = told(outcome)
    assert (status, body["error"]["code"]) == (401, "invalid_api_key")
    assert "s-al" not in body["error"]["message"]


def test_a_body_that_is_too_large_or_encoded_is_not_read() -> None:
    assert told(screen(head(content_length=b"1001"), OPEN))[0] == 413
    assert isinstance(screen(head(content_length=b"1000"), OPEN), Admitted)
    assert isinstance(screen(head(transfer_encoding=b"chunked"), OPEN), Admitted)
    assert told(screen(head(content_encoding=b"gzip"), OPEN))[0] == 415
    assert isinstance(screen(head(content_encoding=b"Identity"), OPEN), Admitted)


@pytest.mark.parametrize(
    ("name", "chance", "model"),
    [
        ("tiny-a", 0.9, "tiny-a"),
        ("a", 0.9, "tiny-a"),
        ("lane", 0.0, "tiny-b"),
        ("mix", 0.4, "tiny-a"),
        ("mix", 0.6, "tiny-b"),
    ],
)
def test_a_name_is_forwarded_to_its_model(name: str, chance: float, model: str) -> None:
    body = json.dumps({"model": name, "stream": True}).encode()
    outcome = ask(body, chance=chance)
    assert isinstance(outcome, Forward)
    assert (outcome.model, outcome.asked) == (model, name)
    assert outcome.payload(None) is body
    assert outcome.payload(name) is body
    assert json.loads(outcome.payload("served")) == {"model": "served", "stream": True}


def test_an_unknown_model_is_404_with_the_nearest_name() -> None:
    status, body = told(ask(b'{"model":"tiny-bb"}'))
    assert (status, body["error"]["param"], body["error"]["code"]) == (404, "model", "model_not_found")
    assert body["error"]["message"] == "the model `tiny-bb` is not known; did you mean `tiny-b`?"


def test_a_suggestion_does_not_tell_what_the_key_may_not_see() -> None:
    status, body = told(ask(b'{"model":"tiny-bb"}', CLOSED, secret="s-mix"))
    assert status == 404
    assert "tiny-b`" not in body["error"]["message"]


def test_a_body_without_a_model_is_400() -> None:
    assert told(ask(b"{}"))[0] == 400


@pytest.mark.parametrize(
    ("secret", "name", "allowed"),
    [
        ("s-all", "tiny-b", True),
        ("s-a", "tiny-a", True),
        ("s-a", "a", True),
        ("s-a", "mix", False),
        ("s-a", "tiny-b", False),
        ("s-mix", "mix", True),
        ("s-mix", "tiny-a", False),
    ],
)
def test_a_key_may_name_a_route_or_all_models_behind_it(secret: str, name: str, *, allowed: bool) -> None:
    for chance in (0.0, 0.9):
        outcome = ask(json.dumps({"model": name}).encode(), CLOSED, chance, secret)
        if allowed:
            assert isinstance(outcome, Forward)
        else:
            status, body = told(outcome)
            assert (status, body["error"]["code"]) == (403, "model_not_allowed")


def test_our_keys_do_not_reach_the_engine() -> None:
    hop = Hop(b"192.0.2.1", b"engine:1")
    closed = ask(b'{"model":"a"}', CLOSED, secret="s-all")
    assert isinstance(closed, Forward)
    assert b"s-all" not in closed.head_bytes(hop, 13)
    opened = ask(b'{"model":"a"}', OPEN, secret="theirs")
    assert isinstance(opened, Forward)
    assert b"authorization: Bearer theirs\r\n" in opened.head_bytes(hop, 13)

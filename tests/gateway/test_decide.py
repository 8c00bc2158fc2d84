from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from remuda.gateway.decide import Admitted, Gateway, Surroundings, decide, screen
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.envelope import Answer
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.keys import Keyring, Scope, make_key
from remuda.gateway.live import Nothing
from remuda.gateway.traits import Traits
from remuda.spec.route import Split

DIRECTORY = make_directory(
    [Listing("tiny-a", "A", "x", ("a",)), Listing("tiny-b", "B", "x")],
    {"mix": Split(split={"tiny-a": 1, "tiny-b": 1}), "lane": "tiny-b"},
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
    gateway = replace(gateway, around=Surroundings(Nothing(), lambda: chance, lambda: 0.0))
    admitted = screen(head(**fields), gateway)
    assert isinstance(admitted, Admitted), admitted
    return decide(admitted, body, gateway)


@pytest.mark.parametrize("target", [b"/nope", b"/v1/modelsx", b"//v1/models", b"/v1%2Fmodels", b"/V1/models"])
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
    assert ([candidate.model for candidate in outcome.candidates], outcome.wanted.model) == ([model], name)
    assert outcome.wanted.streams


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


ADMIN = make_key("boss", "s-boss", scope=Scope(is_admin=True))
CONTROL = [
    b"/metrics",
    b"/running",
    b"/unload",
    b"/logs",
    b"/logs/stream/tiny-a",
    b"/api/models/unload",
    b"/api/events",
]


@pytest.mark.parametrize("target", CONTROL)
def test_the_control_api_is_for_administrators(target: bytes) -> None:
    gateway = replace(CLOSED, keyring=Keyring((*KEYS.keys, ADMIN)))
    assert told(screen(head(b"GET", target), gateway))[0] == 401
    status, body = told(screen(head(b"GET", target, x_api_key=b"s-all"), gateway))
    assert (status, body["error"]["code"]) == (403, "not_an_administrator")
    admitted = screen(head(b"GET", target + b"?x=1", x_api_key=b"s-boss"), gateway)
    assert isinstance(admitted, Admitted)
    outcome = decide(admitted, b"", gateway)
    assert isinstance(outcome, Forward)
    assert outcome.wanted.path == target + b"?x=1"


def test_an_open_gateway_lets_no_web_page_of_somebody_elses_control_it() -> None:
    def code(**fields: bytes) -> int | None:
        found = read_head(b"POST", b"/unload", "1.1", [(name.encode(), value) for name, value in fields.items()])
        assert isinstance(found, RequestHead)
        outcome = screen(found, OPEN)
        return outcome.status if isinstance(outcome, Answer) else None

    assert code(host=b"127.0.0.1:8080") is None
    assert code(host=b"localhost:8080", origin=b"http://localhost:8080") is None
    assert code(host=b"127.0.0.1:8080", origin=b"https://evil.example") == 403
    assert code(host=b"evil.example:8080") == 403


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/upstream/tiny-a/metrics", b"/metrics"),
        (b"/upstream/a", b"/"),
        (b"/upstream/lane/", b"/"),
        (b"/upstream/tiny-a/v1/x/?q=%2f", b"/v1/x/?q=%2f"),
    ],
)
def test_a_path_may_name_the_model(target: bytes, path: bytes) -> None:
    admitted = screen(head(b"PUT", target), OPEN)
    assert isinstance(admitted, Admitted)
    outcome = decide(admitted, b"anything", OPEN)
    assert isinstance(outcome, Forward)
    assert outcome.wanted.path == path


def test_a_path_names_its_model_for_keys_as_well() -> None:
    admitted = screen(head(b"GET", b"/upstream/tiny-b/x", x_api_key=b"s-a"), CLOSED)
    assert isinstance(admitted, Admitted)
    assert told(decide(admitted, b"", CLOSED))[0] == 403


def test_ollamas_clients_may_add_their_tag() -> None:
    admitted = screen(head(b"POST", b"/api/chat"), OPEN)
    assert isinstance(admitted, Admitted)
    outcome = decide(admitted, b'{"model":"tiny-a:latest","messages":[{"role":"user","content":"x"}]}', OPEN)
    assert isinstance(outcome, Forward)
    assert outcome.wanted.model == "tiny-a"


def test_ollamas_description_of_a_model() -> None:
    admitted = screen(head(b"POST", b"/api/show"), OPEN)
    assert isinstance(admitted, Admitted)
    assert told(decide(admitted, b'{"model":"tiny-a:latest"}', OPEN))[0] == 200
    assert told(decide(admitted, b'{"model":"nope"}', OPEN))[0] == 404
    assert told(decide(admitted, b"{", OPEN))[0] == 400


def test_a_conversation_stays_where_it_began() -> None:
    sticky = make_directory(
        [Listing("tiny-a", "A", "x"), Listing("tiny-b", "B", "x")],
        {"mix": Split(split={"tiny-a": 1, "tiny-b": 1}, sticky="prefix")},
    )

    def model(text: str, chance: float) -> str:
        body = json.dumps({"model": "mix", "messages": [{"role": "user", "content": text}]}).encode()
        outcome = ask(body, Gateway(sticky), chance)
        assert isinstance(outcome, Forward)
        return outcome.candidates[0].model

    texts = [f"question {number}" for number in range(50)]
    assert [model(text, 0.0) for text in texts] == [model(text, 0.9) for text in texts]
    assert len({model(text, 0.0) for text in texts}) == 2


SLEEPY = replace(OPEN, traits={"tiny-b": Traits(paths=(b"/v1/", b"/metrics"))})


@pytest.mark.parametrize("name", [b"tiny-b", b"lane", b"mix"])
@pytest.mark.parametrize("path", [b"/sleep?level=1", b"/wake_up/", b"/%73leep", b"/", b"/collective_rpc", b"/v1"])
def test_what_would_change_a_sleepers_state_is_refused_whatever_leads_there(name: bytes, path: bytes) -> None:
    admitted = screen(head(b"POST", b"/upstream/" + name + path), SLEEPY)
    assert isinstance(admitted, Admitted)
    status, body = told(decide(admitted, b"", SLEEPY))
    assert (status, body["error"]["code"]) == (403, "path_not_allowed")


@pytest.mark.parametrize(
    "target", [b"/upstream/tiny-b/v1/x?q", b"/upstream/tiny-b/metrics/", b"/upstream/tiny-a/sleep"]
)
def test_what_changes_nobodys_state_is_forwarded(target: bytes) -> None:
    admitted = screen(head(b"POST", target), SLEEPY)
    assert isinstance(admitted, Admitted)
    assert isinstance(decide(admitted, b"", SLEEPY), Forward)


def test_what_was_decided_stands_for_all_bodies_that_say_the_same() -> None:
    admitted = screen(head(), OPEN)
    assert isinstance(admitted, Admitted)
    first = decide(admitted, b'{"model":"tiny-a","max_tokens":1}', OPEN)
    assert decide(admitted, b'{"messages":[],"model":"tiny-a","stream":false}', OPEN) is first
    others = [b'{"model":"a"}', b'{"model":"tiny-a","stream":true}', b'{"model":"tiny-a","stream_options":{}}']
    for body in others:
        assert decide(admitted, body, OPEN) is not first
    assert decide(admitted, b'{"model":"tiny-a"}', replace(OPEN)) is not first
    assert told(decide(admitted, b'{"model":"nope"}', OPEN))[0] == 404


def test_what_chance_decides_is_decided_every_time() -> None:
    chances = [0.0, 0.9]
    gateway = replace(OPEN, around=Surroundings(Nothing(), lambda: chances.pop(0), lambda: 0.0))
    admitted = screen(head(), gateway)
    assert isinstance(admitted, Admitted)
    found = [decide(admitted, b'{"model":"mix"}', gateway) for _ in range(2)]
    assert [one.candidates[0].model for one in found if isinstance(one, Forward)] == ["tiny-a", "tiny-b"]


def test_what_is_remembered_of_a_head_has_a_bound() -> None:
    names = [f"m{number}" for number in range(200)]
    gateway = Gateway(make_directory([Listing(name, name, "x") for name in names]))
    admitted = screen(head(), gateway)
    assert isinstance(admitted, Admitted)
    for name in names:
        found = decide(admitted, b'{"model":"%b"}' % name.encode(), gateway)
        assert isinstance(found, Forward)
        for client in names:
            found.remember(b"POST", client)
        assert len(found.begun) <= 64
    assert len(admitted.decided) <= 64

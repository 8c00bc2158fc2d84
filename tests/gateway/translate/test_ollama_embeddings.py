from __future__ import annotations

import json
import math
from typing import Any

import pytest
from ollama import EmbeddingsResponse, EmbedResponse

from remuda.gateway.translate.ollama import OllamaRequest, translate
from remuda.gateway.translate.ollama_embeddings import Embedding

ANSWER = json.dumps(
    {"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}], "usage": {"prompt_tokens": 9}}
).encode()


def translation(path: str, **members: Any) -> Embedding:
    times = iter((100.0, 101.5))
    found = translate(path.encode(), json.dumps({"model": "m", **members}).encode(), lambda: next(times))
    assert isinstance(found, OllamaRequest)
    assert not found.is_stream
    assert isinstance(found.translation, Embedding)
    return found.translation


@pytest.mark.parametrize(
    ("path", "members", "body"),
    [
        ("/api/embed", {"input": "a"}, {"input": "a"}),
        ("/api/embed", {"input": ["a", ""]}, {"input": ["a", ""]}),
        ("/api/embed", {"input": "a", "truncate": True}, {"input": "a", "truncate_prompt_tokens": -1}),
        ("/api/embed", {"input": "a", "truncate": False, "options": {"num_ctx": 1}}, {"input": "a"}),
        ("/api/embed", {"input": "a", "dimensions": 1}, {"input": "a"}),
        ("/api/embeddings", {"prompt": "a", "keep_alive": "1m"}, {"input": "a"}),
    ],
)
def test_requests(path: str, members: dict[str, Any], body: dict[str, Any]) -> None:
    found = translation(path, **members)
    assert (found.path, found.is_stream) == (b"/v1/embeddings", False)
    assert json.loads(found.body) == {"model": "m", **body}


def test_vectors_come_in_the_order_of_the_inputs_with_length_one() -> None:
    status, body = translation("/api/embed", input=["a", "b"]).whole(200, ANSWER)
    told = EmbedResponse.model_validate_json(body)
    assert status == 200
    assert told.embeddings == [[0.6, 0.8], [0.0, 1.0]]
    assert (told.model, told.prompt_eval_count, told.total_duration) == ("m", 9, 1_500_000_000)


def test_fewer_dimensions_have_length_one_as_well() -> None:
    answer = b'{"data":[{"index":0,"embedding":[0.6,0,0.8]}]}'
    for dimensions, vector in (
        (1, [1.0]),
        (2, [1.0, 0.0]),
        (3, [0.6, 0, 0.8]),
        (9, [0.6, 0, 0.8]),
        (-1, [0.6, 0, 0.8]),
    ):
        body = translation("/api/embed", input="a", dimensions=dimensions).whole(200, answer)[1]
        assert json.loads(body)["embeddings"] == [vector]


def test_a_vector_of_length_one_keeps_its_numbers() -> None:
    vector = [1 / math.sqrt(3)] * 3
    answer = json.dumps({"data": [{"embedding": vector}]}).encode()
    assert json.loads(translation("/api/embed", input="a").whole(200, answer)[1])["embeddings"] == [vector]


def test_a_vector_of_zeros_stays() -> None:
    body = translation("/api/embed", input="a").whole(200, b'{"data":[{"embedding":[0,0]}]}')[1]
    assert json.loads(body)["embeddings"] == [[0, 0]]


def test_the_old_path_gives_the_engines_vector() -> None:
    body = translation("/api/embeddings", prompt="a").whole(200, ANSWER)[1]
    assert EmbeddingsResponse.model_validate_json(body).embedding == [3, 4]
    assert json.loads(body).keys() == {"embedding"}


@pytest.mark.parametrize(
    ("status", "body", "told", "message"),
    [
        (400, b'{"error":{"message":"input is too long"}}', 400, "input is too long"),
        (200, b'{"data":[]}', 502, "`data`"),
        (200, b'{"error":{"message":"no room"}}', 502, "no room"),
        (200, b'{"data":[{"embedding":"AAAA"}]}', 502, "cannot read the engine's answer"),
    ],
)
def test_an_error_is_a_sentence(status: int, body: bytes, told: int, message: str) -> None:
    found, content = translation("/api/embed", input="a").whole(status, body)
    assert found == told
    assert message in json.loads(content)["error"]

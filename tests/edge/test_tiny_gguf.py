from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from remuda.edge.tiny_gguf import THEMES, VERSION, write_tiny_model
from tests.edge.embedded import ask, server

# The bytes of VERSION 1. When they change on purpose, so does VERSION: it keeps cached files from being mistaken.
DIGESTS = {
    "range": "1c3698b3accb0522b5e61c807f6d42f300d12ea3817e9d37ddbdb53176f75b3a",
    "sea": "9f8609ee33088c096cb8ba0906a81618dfba6d3e10cae2e235af2acae21ed54e",
}
PROMPTS = ("Hello", "", "Grüße, 你好 🐎", "a\nb\tc", "<|im_end|>", "x" * 500)


@pytest.mark.parametrize("theme", THEMES)
def test_the_same_theme_is_the_same_bytes(tmp_path: Path, theme: str) -> None:
    path = tmp_path / "model.gguf"
    write_tiny_model(path, theme)
    assert VERSION == 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() == DIGESTS[theme]


def test_a_model_is_small(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "tiny.gguf", "sea")
    assert (tmp_path / "tiny.gguf").stat().st_size < 1_000_000


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_tiny_model(tmp_path / "model.gguf", "mountains")
    assert list(tmp_path.iterdir()) == []


def test_themes_share_no_word_that_tells_them_apart() -> None:
    articles = {"The", "Every", "One", "the", "a", "that"}
    assert THEMES["range"].words & THEMES["sea"].words == articles


@pytest.mark.parametrize("theme", THEMES)
def test_it_answers_any_prompt_in_sentences_of_its_theme(tmp_path: Path, theme: str) -> None:
    path = tmp_path / "model.gguf"
    write_tiny_model(path, theme)
    with server(path) as (_, url):
        for seed, prompt in enumerate(PROMPTS):
            body = {"messages": [{"role": "user", "content": prompt}], "seed": seed}
            status, answer = ask(f"{url}/v1/chat/completions", body)
            assert status == 200
            text = answer["choices"][0]["message"]["content"]
            assert answer["choices"][0]["finish_reason"] == "stop"
            assert re.fullmatch(r"([A-Z]\w+ [a-z -]+\. ?)+", text)
            assert set(re.findall(r"[\w-]+", text)) <= THEMES[theme].words


def test_a_greedy_answer_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    write_tiny_model(path, "sea")
    with server(path) as (_, url):
        texts = [ask(f"{url}/v1/completions", {"prompt": "x", "temperature": 0})[1]["choices"][0]["text"] for _ in "ab"]
    assert texts[0] == texts[1]
    assert texts[0].count(".") == 1

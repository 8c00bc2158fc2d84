from __future__ import annotations

import pytest

from remuda.spec.rules.images import fleeting, form, tag_or_digest
from tests.spec.reading import document, said

DIGEST = "sha256:" + "0a" * 32


def test_tag_and_digest_on_one_level() -> None:
    text = f"""
        engines:
          vllm: {{tag: v1, digest: "{DIGEST}"}}
          sglang: {{tag: v1}}
        models:
          a: {{engine: sglang, digest: "{DIGEST}"}}
          b: {{tag: v1, digest: "{DIGEST}"}}
        """
    assert said(tag_or_digest, text) == [
        "2:19 `engines.vllm` has `tag` and `digest`: expected one of them",
        "6:16 `models.b` has `tag` and `digest`: expected one of them",
    ]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (f"image: docker.io/vllm/vllm-openai, digest: '{DIGEST}'", None),
        ("image: 'localhost:5000/vllm', tag: v0.23.0", None),
        ("image: 'vllm:v1'", "`engines.vllm.image` holds a tag"),
        ("image: 'localhost:5000/vllm:v1'", "`engines.vllm.image` holds a tag"),
        (f"image: 'vllm@{DIGEST}'", "`engines.vllm.image` holds a digest"),
        (f"image: 'vllm:v1@{DIGEST}'", "`engines.vllm.image` holds a digest"),
        ("image: 'a b'", "`engines.vllm.image` must be the name of an image"),
        ("image: ''", "`engines.vllm.image` must be the name of an image"),
        ("digest: 'sha256:12'", "`engines.vllm.digest` must be `sha256:` and 64 hexadecimal digits"),
        ("tag: 'a/b'", "`engines.vllm.tag` must be a tag such as"),
        ("tag: 5", None),
    ],
)
def test_form(keys: str, message: str | None) -> None:
    problems = list(form(document(f"engines:\n  vllm: {{{keys}}}\n")))
    assert [problem.message.startswith(message or "?") for problem in problems] == ([True] if message else [])


def test_the_hint_takes_the_image_apart() -> None:
    (problem,) = form(document("models:\n  a: {image: 'docker.io/vllm/vllm-openai:v0.23.0'}\n"))
    assert problem.hint == "write `image: docker.io/vllm/vllm-openai` and `tag: v0.23.0`"


@pytest.mark.parametrize(("tag", "count"), [("nightly-1acd67a795eb", 1), ("nightly", 0), ("v0.23.0", 0)])
def test_a_build_of_one_night_as_recipes_pin_it(tag: str, count: int) -> None:
    assert len(said(fleeting, f"engines: {{vllm: {{tag: {tag}}}}}")) == count

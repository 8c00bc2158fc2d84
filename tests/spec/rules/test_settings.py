from __future__ import annotations

from remuda.spec.rules.settings import spellings
from tests.spec.reading import said


def test_one_flag_under_two_spellings() -> None:
    text = """
        engines:
          vllm: {settings: {max-model-len: 1, max_model_len: 2}}
        models:
          a: {settings: {enforce_eager: true, other: 1}}
        """
    assert said(spellings, text) == ["2:39 `engines.vllm.settings.max_model_len` is the same flag as `max-model-len`"]

from __future__ import annotations

import pytest

from remuda.gateway.translation import EventTranslation, Translation
from tests.gateway.translate.responses_checks import ask


@pytest.mark.parametrize("stream", [True, False])
def test_it_is_a_translation_to_chat_completions(*, stream: bool) -> None:
    translation: Translation = ask(stream=stream)
    events: EventTranslation = translation.events()
    assert translation.path == b"/v1/chat/completions"
    assert translation.is_stream is stream
    assert events.content_type == b"text/event-stream"


def test_a_request_is_always_translated_to_the_same_bytes() -> None:
    assert ask(user="u") == ask(user="u")
    assert ask(user="u").events().end() == ask(user="u").events().end()

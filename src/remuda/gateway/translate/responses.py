"""OpenAI's `/v1/responses` in front of engines that have chat completions only (platform.openai.com, "Responses").

Nothing is kept: each request carries its conversation, and what would need a memory (`previous_response_id`,
`conversation`, `background`) is refused. Ids come from the engine's, or from the request where it gives none, so that a
translation always gives the same bytes. What becomes of each member: `responses_request`, `responses_input`,
`responses_tools`; of the reply: `responses_output`, `responses_reply`, `responses_events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from remuda.gateway.shapes import Fault
from remuda.gateway.translate import responses_reply
from remuda.gateway.translate.responses_events import Events
from remuda.gateway.translate.responses_request import Asked, read


@dataclass(frozen=True, slots=True)
class ResponsesTranslation:
    """A request to `/v1/responses` as one for chat completions: a `remuda.gateway.translation.Translation`."""

    asked: Asked
    path: bytes = b"/v1/chat/completions"

    @property
    def body(self) -> bytes:
        """The request's body for the engine."""
        return self.asked.body

    @property
    def is_stream(self) -> bool:
        """Whether the engine has been asked for a stream."""
        return self.asked.is_stream

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The Response object, or the engine's error in OpenAI's shape."""
        if status != HTTPStatus.OK:
            return status, responses_reply.error(status, body)
        return responses_reply.whole(body, self.asked)

    def events(self) -> Events:
        """A translator of the engine's stream into the events of a response."""
        return Events(self.asked)


def translate(body: bytes | bytearray) -> ResponsesTranslation | Fault:
    """The request in this body of a POST to `/v1/responses`; the fault tells everything that stands against it."""
    asked = read(body)
    return asked if isinstance(asked, Fault) else ResponsesTranslation(asked)

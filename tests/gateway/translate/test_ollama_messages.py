from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from remuda.gateway.translate.ollama_messages import Message, is_base64, openai_messages

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def translated(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    return openai_messages(msgspec.convert(list(messages), list[Message]))


def call(name: str, **arguments: object) -> dict[str, Any]:
    return {
        "function": {
            "name": name,
            "arguments": {key: msgspec.Raw(msgspec.json.encode(arguments[key])) for key in arguments},
        }
    }


def test_text_stays() -> None:
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant")]
    assert translated(*messages) == messages


def test_roles_are_read_as_ollama_reads_them() -> None:
    assert translated({"role": "User", "content": None}) == [{"role": "user", "content": ""}]


def test_thinking_becomes_reasoning() -> None:
    assert translated({"role": "assistant", "content": "4", "thinking": "2+2"}) == [
        {"role": "assistant", "content": "4", "reasoning_content": "2+2"}
    ]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "jpeg"),
        (b"\xff\xd8\xff\xdb", "jpeg"),
        (b"GIF89a" + bytes(40), "gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40), "webp"),
        (b"BM" + bytes(40), "bmp"),
        (b"II*\0" + bytes(40), "tiff"),
        (b"MM\0*" + bytes(40), "tiff"),
        (b"\0\0\0 ftypavif", "jpeg"),
    ],
)
def test_images_get_the_type_of_their_bytes(data: bytes, kind: str) -> None:
    image = base64.b64encode(data).decode()
    assert translated({"role": "user", "content": "what?", "images": [image]}) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what?"},
                {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{image}"}},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"RIFF\x10\0\0\0WAVEfmt ", "wav"), (b"ID3\x04" + bytes(40), "mp3"), (b"\xff\xfb\x90\0", "mp3")]
)
def test_sound_among_the_images_is_sound(data: bytes, kind: str) -> None:
    sound = base64.b64encode(data).decode()
    assert translated({"role": "user", "images": [sound]}) == [
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": sound, "format": kind}}]}
    ]


def test_line_breaks_in_base64_are_taken_out() -> None:
    image = base64.encodebytes(PNG * 3).decode()
    (message,) = translated({"role": "user", "images": [image]})
    url = message["content"][0]["image_url"]["url"]
    assert url == "data:image/png;base64," + base64.b64encode(PNG * 3).decode()


@pytest.mark.parametrize(
    ("image", "can_be_read"),
    [
        (base64.b64encode(PNG).decode(), True),
        (base64.encodebytes(PNG * 3).decode(), True),
        ("", True),
        ("data:image/png;base64,iVBORw0KGgo=", False),
        ("/home/someone/cat.png", False),
        ("http://example.com/cat.png", False),
        ("ü", False),
    ],
)
def test_only_base64_is_an_image(image: str, *, can_be_read: bool) -> None:
    assert is_base64(image) is can_be_read


def test_calls_get_ids_and_answers_find_them_by_their_tool() -> None:
    found = translated(
        {"role": "assistant", "tool_calls": [call("time"), call("weather", city="Rom"), call("weather", city="Oslo")]},
        {"role": "tool", "tool_name": "weather", "content": "warm"},
        {"role": "tool", "tool_name": "time", "content": "noon"},
        {"role": "tool", "tool_name": "weather", "content": "cold"},
        {"role": "assistant", "tool_calls": [call("time")]},
        {"role": "tool", "content": "one"},
    )
    assert [made["id"] for made in found[0]["tool_calls"]] == ["call_0", "call_1", "call_2"]
    assert found[0]["tool_calls"][1] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"Rom"}'},
    }
    assert [answer["tool_call_id"] for answer in found[1:4]] == ["call_1", "call_0", "call_2"]
    assert found[1] == {"role": "tool", "content": "warm", "name": "weather", "tool_call_id": "call_1"}
    assert found[5]["tool_call_id"] == "call_3"


def test_ids_that_the_client_keeps_are_kept() -> None:
    found = translated(
        {"role": "assistant", "tool_calls": [{"id": "a", **call("f")}, {"id": "b", **call("f")}]},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "tool", "tool_name": "f", "content": "1"},
    )
    assert [made["id"] for made in found[0]["tool_calls"]] == ["a", "b"]
    assert [answer["tool_call_id"] for answer in found[1:]] == ["b", "a"]


def test_an_answer_to_no_call_is_the_engines_to_judge() -> None:
    assert translated({"role": "tool", "tool_name": "f", "content": "1"}) == [
        {"role": "tool", "content": "1", "name": "f"}
    ]

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ModelInfo
from openai.types import Model

from remuda.gateway.entries import Known, Listing, entry, listing
from tests.gateway.asking import Herd, ready

BIG = Listing("big", "Big", "vllm", ("b",), 7, 8192, ("chat", "tools", "vision"), {"owner": "me"})
SMALL = Listing("small", "Small", "llama-cpp", created=9, context_length=4096, capabilities=("tools", "chat"))
BARE = Listing("bare", "Bare", "command")


def test_a_model_tells_everything_about_itself() -> None:
    assert entry(Known("big", "model", (BIG,)), ready(big=1)) == {
        "id": "big",
        "object": "model",
        "created": 7,
        "owned_by": "remuda",
        "type": "model",
        "display_name": "Big",
        "created_at": "1970-01-01T00:00:07Z",
        "lifecycle": "active",
        "context_length": 8192,
        "max_model_len": 8192,
        "max_input_tokens": 8192,
        "remuda": {
            "kind": "model",
            "name": "Big",
            "models": ["big"],
            "capabilities": ("chat", "tools", "vision"),
            "engine": "vllm",
            "aliases": ["b"],
            "metadata": {"owner": "me"},
            "status": "ready",
        },
    }


def test_a_choice_promises_what_all_of_its_models_keep() -> None:
    made = entry(Known("r", "route", (BIG, SMALL)), Herd())
    assert (made["context_length"], made["display_name"], made["created"]) == (4096, "r", 7)
    assert made["remuda"] == {
        "kind": "route",
        "name": "r",
        "models": ["big", "small"],
        "capabilities": ("chat", "tools"),
        "status": "stopped",
    }
    assert "context_length" not in entry(Known("r", "route", (BIG, BARE)), Herd())


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (Herd({"big": ("starting", 0)}), "starting"),
        (Herd({"small": ("starting", 0)}), "stopped"),
        (ready(small=0), "ready"),
    ],
)
def test_the_status_of_a_choice(live: Herd, expected: str) -> None:
    assert Known("r", "route", (BIG, SMALL)).status(live) == expected


def test_an_alias_is_called_what_its_model_is_and_hidden_with_it() -> None:
    hidden = Listing("x", "X", "vllm", ("y",), is_unlisted=True)
    assert Known("b", "alias", (BIG,)).title == "Big"
    kinds = (Known("x", "model", (hidden,)), Known("y", "alias", (hidden,)), Known("z", "route", (hidden,)))
    assert [known.is_listed for known in kinds] == [False, False, True]


def test_an_empty_list_has_no_ends() -> None:
    assert listing([], Herd()) == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


def test_both_clients_read_an_entry() -> None:
    made: dict[str, Any] = listing([Known("big", "model", (BIG,)), Known("bare", "model", (BARE,))], Herd())
    assert (made["first_id"], made["last_id"]) == ("big", "bare")
    for one in made["data"]:
        assert Model.model_validate(one, strict=True).id == one["id"]
        assert ModelInfo.model_validate(one).display_name == one["display_name"]

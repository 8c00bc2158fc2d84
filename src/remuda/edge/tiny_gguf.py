"""Makes tiny models for the demo and the tests: real GGUF files, in an instant, that answer in English words.

A tiny model is a llama of two layers whose weights are written down instead of learned. The embedding of a word says
only which part of speech it is, and the output layer makes the words likely that may follow it; the attention and the
rest write to dimensions that the output does not read, so they are computed like any model's but change nothing. The
answer is a sentence such as `The grey mare trots along the dusty ridge.`, and then, with a probability of 0.3, its end.
Any prompt can be read, byte by byte; bytes and control tokens are never answered. Each theme has its own nouns, verbs
and adjectives, so that a person and a test can tell which model has answered.

The same theme gives the same bytes on any machine: the noise is a hash, not a random generator's.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gguf
    import numpy as np

VERSION = 1
"""Changes when the bytes of the models do; part of the seed, and of the name of a cached file."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The words of a model, by their place in its sentences; no word has two places."""

    first: tuple[str, ...]
    qualities: tuple[str, ...]
    subjects: tuple[str, ...]
    deeds: tuple[str, ...]
    ways: tuple[str, ...]
    articles: tuple[str, ...]
    looks: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def words(self) -> frozenset[str]:
        """Every word that the model may answer with."""
        return frozenset(word for place in fields(self) for word in getattr(self, place.name))


THEMES: Mapping[str, Theme] = {
    "range": Theme(
        first=("The", "Every", "One"),
        qualities=("bay", "grey", "chestnut", "dappled", "wild", "swift", "stubborn"),
        subjects=("horse", "mare", "colt", "filly", "stallion", "mustang", "pony", "herd"),
        deeds=("trots", "gallops", "canters", "grazes", "rests", "ambles", "bolts"),
        ways=("along", "over", "near", "across"),
        articles=("the", "a", "that"),
        looks=("dusty", "wide", "green", "open", "rocky", "quiet"),
        places=("range", "ridge", "meadow", "canyon", "prairie", "corral", "trail", "creek"),
    ),
    "sea": Theme(
        first=("The", "Every", "One"),
        qualities=("salty", "tall", "rusty", "nimble", "storm-worn", "proud", "patient"),
        subjects=("ship", "schooner", "whale", "sailor", "gull", "captain", "dolphin", "lighthouse"),
        deeds=("sails", "drifts", "dives", "anchors", "waits", "rolls", "signals"),
        ways=("beyond", "under", "beside", "towards"),
        articles=("the", "a", "that"),
        looks=("foaming", "deep", "moonlit", "cold", "blue", "calm"),
        places=("harbour", "reef", "tide", "lagoon", "horizon", "bay-mouth", "island", "current"),
    ),
}

_DIMENSIONS, _FEED_FORWARD, _LAYERS, _HEADS, _KV_HEADS = 64, 128, 2, 4, 2
_CONTEXT = 8192
_ALWAYS, _START, _END = 0, 1, 2  # dimensions: in every word, in what precedes an answer, in a full stop
_FIRST_WORD = 3  # the dimension of the first place in a sentence; those of the others follow
_FREE = 16  # from here on the output layer reads nothing
_CERTAINTY = 3.0
_END_PROBABILITY = 0.3
_NOISE = 0.05

_UNKNOWN, _CONTROL, _NORMAL, _BYTE = 2, 3, 1, 6  # gguf.TokenType
_SPECIAL = ("<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>")
_BOS, _EOS = 1, 2
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class _Token:
    """A token, the dimension that says what it is, and the dimension after which it may come (None: never)."""

    text: str
    kind: int
    is_in: int
    follows: int | None


def write_tiny_model(path: Path, theme: str) -> None:
    """Write the model of one of `THEMES` to `path`, all of it or nothing."""
    import gguf  # noqa: PLC0415 (it brings numpy, and is needed by nothing else)

    partial = path.with_name(f".{path.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(partial, "llama")
    try:
        tokens = tuple(_tokens(THEMES[theme]))
        _describe(writer, theme, tokens)
        for name, weights in _weights(theme, tokens):
            writer.add_tensor(name, weights)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _tokens(theme: Theme) -> Iterator[_Token]:
    for text in _SPECIAL:
        kind = _UNKNOWN if text == "<unk>" else _CONTROL
        yield _Token(text, kind, _START, _END if text == _SPECIAL[_EOS] else None)
    for byte in range(256):
        yield _Token(f"<0x{byte:02X}>", _BYTE, _START, None)
    yield _Token("▁", _NORMAL, _START, None)
    # An answer's first word has no space before it; those of its later sentences have.
    for text in theme.first:
        yield _Token(text, _NORMAL, _FIRST_WORD, _START)
        yield _Token(f"▁{text}", _NORMAL, _FIRST_WORD, _END)
    places = [getattr(theme, place.name) for place in fields(theme)][1:]
    for place, words in enumerate(places, _FIRST_WORD + 1):
        for text in words:
            yield _Token(f"▁{text}", _NORMAL, place, place - 1)
    yield _Token(".", _NORMAL, _END, _FIRST_WORD + len(places))


def _describe(writer: gguf.GGUFWriter, theme: str, tokens: tuple[_Token, ...]) -> None:
    import gguf  # noqa: PLC0415

    writer.add_name(f"remuda tiny {theme} {VERSION}")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_DIMENSIONS)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_FEED_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_DIMENSIONS // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)  # all weights are float32
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.text for token in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([token.kind for token in tokens])
    writer.add_bos_token_id(_BOS)
    writer.add_eos_token_id(_EOS)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(value=True)
    writer.add_add_eos_token(value=False)
    writer.add_add_space_prefix(value=False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_chat_template(_TEMPLATE)


def _weights(theme: str, tokens: tuple[_Token, ...]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    import numpy as np  # noqa: PLC0415

    def noise(name: str, *shape: int) -> np.ndarray[Any, Any]:
        seed = f"remuda/{VERSION}/{theme}/{name}".encode()
        raw = hashlib.shake_256(seed).digest(2 * math.prod(shape))
        return (np.frombuffer(raw, "<u2").astype(np.float32) / 32768 - 1).reshape(shape) * np.float32(_NOISE)

    def unread(name: str, *shape: int) -> np.ndarray[Any, Any]:
        weights = noise(name, *shape)
        weights[:_FREE] = 0
        return weights

    ones = np.ones(_DIMENSIONS, np.float32)
    yield "token_embd.weight", _embeddings(noise("token_embd", len(tokens), _DIMENSIONS), tokens)
    yield "output_norm.weight", ones
    yield "output.weight", _output(noise("output", len(tokens), _FREE), tokens)
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        key_width = _DIMENSIONS // _HEADS * _KV_HEADS
        yield f"{block}attn_norm.weight", ones
        yield f"{block}attn_q.weight", noise(f"{block}q", _DIMENSIONS, _DIMENSIONS)
        yield f"{block}attn_k.weight", noise(f"{block}k", key_width, _DIMENSIONS)
        yield f"{block}attn_v.weight", noise(f"{block}v", key_width, _DIMENSIONS)
        yield f"{block}attn_output.weight", unread(f"{block}o", _DIMENSIONS, _DIMENSIONS)
        yield f"{block}ffn_norm.weight", ones
        yield f"{block}ffn_gate.weight", noise(f"{block}gate", _FEED_FORWARD, _DIMENSIONS)
        yield f"{block}ffn_up.weight", noise(f"{block}up", _FEED_FORWARD, _DIMENSIONS)
        yield f"{block}ffn_down.weight", unread(f"{block}down", _DIMENSIONS, _FEED_FORWARD)


def _embeddings(noise: np.ndarray[Any, Any], tokens: tuple[_Token, ...]) -> np.ndarray[Any, Any]:
    noise[:, :_FREE] = 0
    noise[:, _ALWAYS] = 1
    for row, token in zip(noise, tokens, strict=True):
        row[token.is_in] = 1
    return noise


def _output(noise: np.ndarray[Any, Any], tokens: tuple[_Token, ...]) -> np.ndarray[Any, Any]:
    """Rows that give a likely next token `_CERTAINTY`, a little varied, and what is never answered as much less."""
    import numpy as np  # noqa: PLC0415

    rows = np.zeros((len(tokens), _DIMENSIONS), np.float32)
    # Two dimensions of 1 are what the final norm sees, so an output weight counts this much in a logit.
    scale = math.sqrt(_DIMENSIONS / 2)
    starts = sum(token.follows == _START for token in tokens)
    end = math.log(starts * _END_PROBABILITY / (1 - _END_PROBABILITY)) / scale
    for row, variation, token in zip(rows, noise, tokens, strict=True):
        if token.follows is None:
            row[_ALWAYS] = -_CERTAINTY
        else:
            bonus = end if token.kind == _CONTROL else float(variation[0])
            row[token.follows] = _CERTAINTY + bonus
    return rows

"""A tiny llama as Hugging Face has it: random weights, and a tokenizer that reads bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HIDDEN, LAYERS, HEADS, KV_HEADS, FEED_FORWARD, POSITIONS = 128, 2, 4, 2, 256, 2048
SPECIAL = ("<|end|>", "<|im_start|>", "<|im_end|>")
VOCABULARY = 320  # 256 bytes and the special tokens, padded
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_hf_model(directory: Path) -> None:
    """Write the model's files into `directory`."""
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float32",
        "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "head_dim": HIDDEN // HEADS,
        "num_key_value_heads": KV_HEADS, "intermediate_size": FEED_FORWARD, "max_position_embeddings": POSITIONS,
        "vocab_size": VOCABULARY, "eos_token_id": 256, "bos_token_id": None, "tie_word_embeddings": False,
        "hidden_act": "silu", "rms_norm_eps": 1e-5,
    }  # fmt: skip
    tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": SPECIAL[0], "pad_token": SPECIAL[0],
        "model_max_length": POSITIONS, "chat_template": TEMPLATE,
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (directory / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    (directory / "model.safetensors").write_bytes(_safetensors(dict(_weights())))


def _tokenizer() -> dict[str, Any]:
    """Byte-level BPE without merges: every byte is a token."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    alphabet = {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(others)}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = [
        {"id": 256 + at, "content": text, "special": True, "normalized": False}
        | dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
        for at, text in enumerate(SPECIAL)
    ]
    return {
        "version": "1.0",
        "added_tokens": added,
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": {alphabet[byte]: byte for byte in range(256)}, "merges": []},
    }


def _weights() -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    random = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> np.ndarray[Any, Any]:
        return (random.standard_normal((rows, columns)) * 0.05).astype("<f4")

    ones = np.ones(HIDDEN, "<f4")
    keys = HIDDEN // HEADS * KV_HEADS
    yield "model.embed_tokens.weight", matrix(VOCABULARY, HIDDEN)
    yield "lm_head.weight", matrix(VOCABULARY, HIDDEN)
    yield "model.norm.weight", ones
    for layer in range(LAYERS):
        block = f"model.layers.{layer}"
        yield f"{block}.input_layernorm.weight", ones
        yield f"{block}.post_attention_layernorm.weight", ones
        for name, rows in (("q", HIDDEN), ("k", keys), ("v", keys), ("o", HIDDEN)):
            yield f"{block}.self_attn.{name}_proj.weight", matrix(rows, HIDDEN)
        yield f"{block}.mlp.gate_proj.weight", matrix(FEED_FORWARD, HIDDEN)
        yield f"{block}.mlp.up_proj.weight", matrix(FEED_FORWARD, HIDDEN)
        yield f"{block}.mlp.down_proj.weight", matrix(HIDDEN, FEED_FORWARD)


def _safetensors(tensors: dict[str, np.ndarray[Any, Any]]) -> bytes:
    header: dict[str, Any] = {}
    end = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(tensor.tobytes() for tensor in tensors.values())

"""The `gateway.limits` section: how much the gateway takes, and how long it waits."""

from __future__ import annotations

from pydantic import BaseModel, Field, JsonValue

from remuda.spec.values import SECTION, Bytes, Count, Timeout


def _written(value: str) -> dict[str, JsonValue]:
    """A default as the file writes it, for the schema."""
    return {"default": value}


class Limits(BaseModel):
    """How much the gateway takes from a client, and how long it waits for clients and engines."""

    model_config = SECTION

    head_bytes: Bytes = Field(
        default=64 * 2**10,
        alias="head_size",
        description="Size of a request's head; more is answered with 431.",
        json_schema_extra=_written("64KiB"),
    )
    head_fields: Count = Field(default=100, description="Number of header fields; more is answered with 431.")
    body_bytes: Bytes = Field(
        default=100 * 2**20,
        alias="body_size",
        description="Size of a request's body; more is answered with 413.",
        json_schema_extra=_written("100MiB"),
    )
    head_timeout_s: Timeout = Field(
        default=30.0,
        alias="head_timeout",
        description="How long a head may take to arrive, from its first byte to its last.",
        json_schema_extra=_written("30s"),
    )
    body_timeout_s: Timeout = Field(
        default=60.0,
        alias="body_timeout",
        description="The longest pause while a body arrives.",
        json_schema_extra=_written("60s"),
    )
    idle_timeout_s: Timeout = Field(
        default=75.0,
        alias="idle_timeout",
        description="How long a connection is kept without a request.",
        json_schema_extra=_written("75s"),
    )
    connections_per_address: Count = Field(
        default=4096, description="Connections from one address at the same time; more are closed at once."
    )
    queue: Count = Field(default=1000, description="Requests that may wait for one model; more are answered with 429.")
    connect_timeout_s: Timeout = Field(
        default=10.0,
        alias="connect_timeout",
        description="How long a connection to an engine may take.",
        json_schema_extra=_written("10s"),
    )
    first_byte_timeout_s: Timeout = Field(
        default=None,
        alias="first_byte_timeout",
        description="How long an engine may take to begin its answer; a long prompt may take minutes.",
        json_schema_extra=_written("never"),
    )

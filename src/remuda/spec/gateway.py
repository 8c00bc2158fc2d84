"""The `gateway` section: where Remuda answers, and who may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from remuda.spec.limits import Limits
from remuda.spec.listen import Listen
from remuda.spec.values import SECTION, Address, Count, Secret, Text


class Key(BaseModel):
    """An API key that a client sends as `Authorization: Bearer …` or `x-api-key`."""

    model_config = SECTION

    name: Text = Field(description="Who uses the key, for logs and limits; unique.", examples=["roo"])
    secret: Secret = Field(
        description="Where the key is: `${env:NAME}`, `${file:path}` or `${cred:name}`. Never the key itself.",
        examples=["${file:/etc/remuda/roo.key}"],
    )
    models: Annotated[tuple[Text, ...], Field(strict=False)] = Field(
        default=("*",), description="Patterns of the names that the key may ask for; `*` stands for any characters."
    )
    admin: bool = Field(
        default=False, description="Whether the key opens the control API, logs and metrics, and may load and unload."
    )
    requests_per_minute: Count | None = Field(
        default=None, description="Requests in a minute; more are answered with 429.", examples=[60]
    )
    tokens_per_minute: Count | None = Field(
        default=None,
        description="Tokens in a minute, of prompts and answers. They are counted when a request is over; then nothing "
        "is let in until they are made up for.",
        examples=[100000],
    )
    concurrency: Count | None = Field(default=None, description="Requests at the same time.", examples=[4])
    priority: int = Field(default=0, description="Requests of a higher priority are let into a model first.")


class Tls(BaseModel):
    """The certificate with which the gateway answers `https`."""

    model_config = SECTION

    cert: Text = Field(description="File of the certificate and those above it, PEM.", examples=["/etc/remuda/tls.crt"])
    key: Text = Field(description="File of the certificate's private key, PEM.", examples=["/etc/remuda/tls.key"])


class Gateway(BaseModel):
    """Where Remuda answers, and who may ask."""

    model_config = SECTION

    listen: Address = Field(
        default=Listen("127.0.0.1", 8080),
        description="`HOST:PORT` to answer at, an IPv6 host in brackets; port 0 lets the system choose. An address "
        "that other machines reach needs `keys`.",
        json_schema_extra={"default": "127.0.0.1:8080"},
    )
    keys: Annotated[tuple[Key, ...], Field(strict=False)] = Field(
        default=(), description="API keys; none leaves the gateway open to everybody who reaches it."
    )
    tls: Tls | None = Field(default=None, description="Answer `https` instead of `http`.")
    access_log: Text | None = Field(
        default=None,
        description="File to write a line of JSON into for every request, or `-` for standard error.",
        examples=["/var/log/remuda/access.jsonl"],
    )
    limits: Limits = Field(default_factory=Limits, description="How much the gateway takes, and how long it waits.")

    @property
    def host(self) -> str:
        """The host to listen on, without brackets."""
        return self.listen.host

    @property
    def port(self) -> int:
        """The port to listen on; 0 lets the system choose."""
        return self.listen.port

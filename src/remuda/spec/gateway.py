"""The `gateway` section: where Remuda answers, and who may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from remuda.spec.listen import Listen
from remuda.spec.values import SECTION, Address, Secret, Text


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

    @property
    def host(self) -> str:
        """The host to listen on, without brackets."""
        return self.listen.host

    @property
    def port(self) -> int:
        """The port to listen on; 0 lets the system choose."""
        return self.listen.port

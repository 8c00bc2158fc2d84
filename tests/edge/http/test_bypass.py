from __future__ import annotations

import json
from dataclasses import replace

from remuda.gateway.keys import Keyring, Scope, make_key
from tests.edge.http.harness import GATEWAY, NOWHERE, Admission, engine, gateway, get, on_loop


@on_loop
async def test_the_control_api_is_reached_past_residency() -> None:
    keys = Keyring((make_key("boss", "s3cret", scope=Scope(is_admin=True)),))
    async with engine() as control, gateway(Admission(control.endpoint), replace(GATEWAY, keyring=keys)) as house:
        client = await house.client()
        await client.ask(get("/api/models/unload/tiny?x=1", "X-Api-Key: s3cret"), method="GET")
        assert [request.target for request in control.requests] == ["/api/models/unload/tiny?x=1"]
        assert "x-api-key" not in dict(control.requests[0].headers)
        assert house.admission.record == []


@on_loop
async def test_trap_29_a_look_at_a_model_neither_loads_nor_uses_it() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for path in ("/upstream/tiny/metrics", "/props?model=tiny"):
            assert (await client.ask(get(path), method="GET")).status == 200
            house.admission.holds = True
            reply = await client.ask(get(path), method="GET")
            assert (reply.status, json.loads(reply.body)["error"]["code"]) == (409, "not_loaded")
            house.admission.holds = False
        assert house.admission.record == []


@on_loop
async def test_a_control_api_that_is_gone_is_a_502() -> None:
    async with gateway(Admission(NOWHERE)) as house:
        client = await house.client()
        reply = await client.ask(get("/unload").replace(b"Host: gateway", b"Host: localhost"), method="GET")
        assert reply.status == 503

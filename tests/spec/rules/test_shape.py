from __future__ import annotations

from remuda.spec.rules.shape import empty
from tests.spec.reading import said


def test_keys_without_a_value() -> None:
    text = """
        gateway:
        engines: {vllm: {settings: {flag: null}, tag: , environment: {A: }}}
        models:
          a: {devices: [cuda0, null], settings: {x: [null]}}
          settings:
          b: {set_params: {stop: null}, metadata: {x: null}, strip_params: [null]}
          c: {environment: {A: null}, settings: , metadata: }
          d: {environment: }
        routes: {r: {to: a, set_params: {stop: null}}}
        """
    assert said(empty, text) == [
        "1:1 `gateway` is empty",
        "2:42 `engines.vllm.tag` is empty",
        "2:63 `engines.vllm.environment.A` is empty",
        "4:24 `models.a.devices[1]` is empty",
        "5:3 `models.settings` is empty",
        "6:69 `models.b.strip_params[0]` is empty",
        "7:31 `models.c.settings` is empty",
        "7:43 `models.c.metadata` is empty",
        "8:7 `models.d.environment` is empty",
    ]

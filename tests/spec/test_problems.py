from __future__ import annotations

import pytest
from pydantic import ValidationError

from remuda.spec.fleet import Fleet
from remuda.spec.problems import problems_of, section_of
from tests.spec.reading import document, line


def found(text: str) -> list[tuple[str, str | None]]:
    read = document(text)
    with pytest.raises(ValidationError) as caught:
        Fleet.model_validate(read.data)
    return [(line(problem), problem.hint) for problem in problems_of(caught.value, read)]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("modles: {}\nmodels: {}\n", "1:1 unknown key `modles`", "write `models`"),
        ("gateway: {}\n", "1:1 the fleet needs `models`", "add `models:`"),
        ("models: []\n", "1:9 `models` must be a mapping, not a list", None),
        ("models: {a: 5}\n", "1:13 `models.a` must be a mapping, not `5`", None),
        ("models: {a: {port: '80'}}\n", "1:20 `models.a.port` must be a whole number, not `80`", "remove the quotes"),
        ("models: {a: {port: 80.5}}\n", "1:20 `models.a.port` must be a whole number, not `80.5`", None),
        ("models: {a: {port: true}}\n", "1:20 `models.a.port` must be a whole number, not `true`", None),
        ("models: {a: {port: 0}}\n", "1:20 `models.a.port` must be at least 1, not `0`", None),
        ("models: {a: {port: 70000}}\n", "1:20 `models.a.port` must be at most 65535, not `70000`", None),
        (
            "models: {a: {enabled: off}}\n",
            "1:23 `models.a.enabled` must be `true` or `false`, not `off`",
            "write `false`",
        ),
        ("models: {a: {enabled: 0}}\n", "1:23 `models.a.enabled` must be `true` or `false`, not `0`", None),
        ("models: {a: {devices: cuda0}}\n", "1:23 `models.a.devices` must be a list, not `cuda0`", "write `[cuda0]`"),
        (
            "models: {a: {runtime: podmn}}\n",
            (
                "1:23 `models.a.runtime` must be one of `process`, `podman`, `docker`, `systemd`, `ray`, `external`, "
                "not `podmn`"
            ),
            "write `podman`",
        ),
        ("models: {a: {name: 1.10}}\n", "1:20 `models.a.name` must be text, not `1.1`", 'write `"1.10"`'),
        (
            "models: {a: {settings: {--port: 1}}}\n",
            "1:25 `models.a.settings.--port` must be the name of a flag without its dashes, not `--port`",
            "write `port`",
        ),
        (
            "models: {a: {environment: {A-B: x}}}\n",
            "1:28 `models.a.environment.A-B` must be the name of an environment variable, not `A-B`",
            None,
        ),
        (
            "models: {a: {memory: {cuda0: 22G}}}\n",
            "1:30 `models.a.memory.cuda0` has the unit `G`: expected B, KiB, MiB, GiB, TiB, kB, MB, GB or TB",
            "write `GiB` (powers of 1024) or `GB` (powers of 1000)",
        ),
        (
            "models: {a: {max-model-len: 1}}\n",
            "1:14 unknown key `models.a.max-model-len`",
            "move `max-model-len` under `settings` if it is a flag of the engine",
        ),
        ("models: {}\ngateway: {keys: [{name: x}]}\n", "2:18 `gateway.keys[0]` needs `secret`", "add `secret:`"),
        ("models: {}\ngateway: {lissen: x}\n", "2:11 unknown key `gateway.lissen`", "write `listen`"),
        ("models: {}\nlint: {x: 1}\n", "2:8 unknown key `lint.x`", "use one of `model_ids`, `verdicts`"),
        ("models: {}\nroutes: {r: {splt: {}, split: {a: 1}}}\n", "2:14 unknown key `routes.r.splt`", "write `split`"),
        (
            "models: {}\nroutes: {r: {falover: [a]}}\n",
            (
                "2:10 `routes.r` does not say what it leads to: expected one of `model`, `split`, `failover`, `warm`, "
                "`spillover`, `replicas`"
            ),
            "write `failover`",
        ),
        (
            "models: {}\nroutes: {r: {split: {a: 1}, warm: [a]}}\n",
            "2:29 `routes.r.warm` is one choice too many",
            "give each choice a route of its own: a target may be another route",
        ),
        ("models: {}\nroutes: {r: {warm: []}}\n", "2:20 `routes.r.warm` is empty", "write at least one target"),
        ("models: {}\nroutes: {r: {warm: a}}\n", "2:20 `routes.r.warm` must be a list, not `a`", "write `[a]`"),
        ("models: {}\nroutes: {r: {spillover: [a]}}\n", "2:10 `routes.r` needs `at`", "add `at:`"),
        (
            "models: {}\nroutes: {r: {replicas: [a], affinity: session}}\n",
            "2:39 `routes.r.affinity` must be `prefix` or `header:NAME`, not `session`",
            "write `header:x-session-id`",
        ),
        (
            "models: {}\nroutes: {r: {model: a, set_params: {model: b}}}\n",
            "2:37 `routes.r.set_params.model` cannot be changed: the gateway answers by it",
            "remove `model`",
        ),
        (
            "models: {a: {strip_params: [stream]}}\n",
            "1:29 `models.a.strip_params[0]` cannot be changed: the gateway answers by it",
            "remove `stream`",
        ),
        (
            "models: {a: {upstream_headers: {Host: x}}}\n",
            "1:33 `models.a.upstream_headers.Host` must not be `Host`: the gateway writes that field itself",
            "remove `Host`",
        ),
        (
            'models: {a: {upstream_headers: {x: "a\\nb"}}}\n',
            "1:36 `models.a.upstream_headers.x` must be one line of printable ASCII characters",
            "remove all others",
        ),
        (
            "models: {}\ngateway: {limits: {head_timeout: 0}}\n",
            "2:34 `gateway.limits.head_timeout` must be longer than 0",
            "write `never` to wait for ever",
        ),
        (
            "models: {}\ngateway: {limits: {headsize: 1}}\n",
            "2:20 unknown key `gateway.limits.headsize`",
            "write `head_size`",
        ),
        ("models: {}\ngateway: {tls: {cert: x}}\n", "2:11 `gateway.tls` needs `key`", "add `key:`"),
        (
            "models: {}\nroutes: {r: {split: {}}}\n",
            "2:21 `routes.r.split` is empty",
            "write at least one target and its weight",
        ),
        ("models: {}\nroutes: {r: {split: {a: -1}}}\n", "2:25 `routes.r.split.a` must be at least 0, not `-1`", None),
        ("models: {}\nroutes: {r: [a]}\n", "2:13 `routes.r` must be text, not a list", None),
        (
            "models: {}\nresidency: {budget: {cuda0: x}}\n",
            "2:29 `residency.budget.cuda0` must be an amount of memory, not `x`",
            "write a number with a unit: `22GiB`",
        ),
    ],
)
def test_one_problem_for_each_mistake(text: str, message: str, hint: str | None) -> None:
    assert found(text) == [(message, hint)]


def test_every_section_of_the_file_is_known() -> None:
    read = document("routes: {x: {warm: [a]}, y: a}\n")
    sections = [(), ("gateway",), ("gateway", "tls"), ("gateway", "limits"), ("residency",), ("lint",)]
    entries = [("gateway", "keys", 0), ("engines", "x"), ("models", "x"), ("routes", "x")]
    assert None not in [section_of(path, read) for path in (*sections, *entries)]
    assert [section_of(path, read) for path in (("models", "x", "settings"), ("routes", "y"))] == [None, None]


def test_a_key_named_like_a_form_of_a_value_keeps_its_place() -> None:
    text = "models: {a: {memory: {each: x}}}\nroutes: {split: {split: {split: -1}}}\n"
    assert [message for message, _ in found(text)] == [
        "1:29 `models.a.memory.each` must be an amount of memory, not `x`",
        "2:33 `routes.split.split.split` must be at least 0, not `-1`",
    ]


@pytest.mark.parametrize("key", ["[key]", "(name)", "(all)"])
def test_a_key_named_like_what_pydantic_adds_is_unknown(key: str) -> None:
    assert [message for message, _ in found(f'"{key}": 1\nmodels: {{}}\n')] == [f"1:1 unknown key `{key}`"]

"""The control API: what `remuda ps`, `load`, `unload` and `logs`, dashboards and llama-swap's clients talk to.

It listens on a unix socket that only its owner opens; the gateway forwards there what keys with `admin` ask for. One
module a resource, each with the `OPERATIONS` that it answers; `openapi` describes them to programs. Errors are
`{"error": {"message", "code", "hint"}}`.
"""

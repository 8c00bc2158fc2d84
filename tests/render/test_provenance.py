from remuda.plan.check import load_fleet
from remuda.render.provenance import of_each, synced_from
from remuda.spec.lock import Lock, Locked, written
from remuda.spec.merge import effective

FLEET = """\
lint: {model_ids: off}
upstreams: {u: {git: /u}}
models:
  a: {source: {upstream: u, path: a.yml}}
  b: {url: "http://h"}
"""


def test_a_line_for_each_model_that_has_a_recipe() -> None:
    entry = Locked(
        upstream="u",
        url="/u",
        commit="0123456789",
        date="2026-01-02",
        path="a.yml",
        recipe="",
        derived={"engine": "vllm", "runtime": "docker", "image": "i", "tag": "1", "model": "o/m"},
    ).sealed()
    fleet, _, _ = load_fleet(FLEET, "f", Lock(content=written({"a": entry})))
    a, b = effective(fleet, "a"), effective(fleet, "b")
    assert synced_from(a) == ("Synced from u a.yml @ 01234567 (2026-01-02).",)
    assert synced_from(b) == ()
    assert of_each([a, b]) == "\na: Synced from u a.yml @ 01234567 (2026-01-02)."

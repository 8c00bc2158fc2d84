"""A whole fleet as the system's units of a real machine: installed, asked, swapped, killed, changed, broken."""

from pathlib import Path

from tests import booted_machine

pytestmark = booted_machine.NEEDED

FLEET = """
gateway: {listen: "127.0.0.1:8080", keys: [{name: me, secret: "${file:/etc/secret/me.key}"}]}
engines:
  llama-cpp: {user: root, devices: [cpu]}
  command: {user: root, devices: [cpu]}
models:
  tiny-a:
    {engine: llama-cpp, runtime: systemd, model: /shared/range.gguf, memory: 200MiB,
      environment: {TOKEN: "${cred:token}"}}
  tiny-b: {engine: llama-cpp, runtime: systemd, model: /shared/sea.gguf, memory: 200MiB, settings: {}}
  boxed:
    cmd: ["httpd", "-f", "-p", "127.0.0.1:${PORT}", "-h", "/www"]
    runtime: systemd
    image: localhost/x
    tag: "1"
    network: host
    memory: 16MiB
residency: {budget: {cpu: 300MiB}}
lint: {model_ids: "off"}
"""


def test_a_fleet_of_the_system(tmp_path: Path, tiny_models: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    tmp_path.chmod(0o755)
    booted_machine.write_image(shared)
    for model in tiny_models.iterdir():
        (shared / model.name).write_bytes(model.read_bytes())
    (shared / "remuda.yaml").write_text(FLEET)
    with booted_machine.booted(shared) as machine:
        machine.run("podman", "import", "/shared/image.tar", "localhost/x:1")
        machine.run("/opt/remuda/bin/python", "/remuda/tests/end_to_end/life_of_machine.py", limit_s=120)

import pytest

from remuda.adapt.compose.mounts import mounts
from remuda.adapt.compose.tree import Report
from tests.adapt.compose.files import opened, said


def read(volumes: str, rest: str = "") -> tuple[list[str], list[str], list[str]]:
    project, report = opened(f"services: {{s: {{{volumes}}}}}\n{rest}", {"HOME": "/home/me"}), Report()
    service = project.service("s", report)
    found = list(mounts(service, project.declared(service, report), project.places, report))
    return [str(mount) for mount in found], [str(mount.file) for mount in found if mount.file], said(report)


@pytest.mark.parametrize(
    ("volumes", "expected", "files"),
    [
        ("[hf:/root/.cache]", ["hf:/root/.cache"], []),
        ("[/a:/b:ro]", ["/a:/b:ro"], []),
        ("[./a:/b, ../c:/d:rw]", ["/srv/models/a:/b", "/srv/c:/d"], ["a"]),
        ("['~/m:/m', '~:/h', '${HOME}/x:/x']", ["/home/me/m:/m", "/home/me:/h", "/home/me/x:/x"], []),
        ("['/a:/b:ro,z,cached']", ["/a:/b:ro,z"], []),
        ("[{type: bind, source: ./a, target: /b, read_only: true}]", ["/srv/models/a:/b:ro"], ["a"]),
        (
            "[{type: bind, source: a/b, target: /b, bind: {propagation: rshared}}]",
            ["/srv/models/a/b:/b:rshared"],
            ["a/b"],
        ),
        ("[{type: volume, source: hf, target: /b, volume: {nocopy: true}}]", ["hf:/b:nocopy"], []),
    ],
)
def test_volumes(volumes: str, expected: list[str], files: list[str]) -> None:
    assert read(f"volumes: {volumes}") == (expected, files, [])


def test_configs_and_secrets_that_are_files() -> None:
    rest = "configs: {c: {file: t.jinja}}\nsecrets: {k: {file: /etc/k}}\n"
    keys = "configs: [c, {source: c, target: /etc/x}], secrets: [k, {source: k, target: q}]"
    assert read(keys, rest)[0] == [
        "/srv/models/t.jinja:/c:ro",
        "/srv/models/t.jinja:/etc/x:ro",
        "/etc/k:/run/secrets/k:ro",
        "/etc/k:/run/secrets/q:ro",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("volumes: [/cache]", "the volume `/cache` has no source: what is written there is lost with the container"),
        ("volumes: ['a:/b:ro:z']", "cannot read the volume `a:/b:ro:z`"),
        ("volumes: ['a:/b:odd']", "the option `odd` of the volume `/b` is left out: it is not known"),
        (
            "volumes: [{type: tmpfs, target: /t}]",
            "the tmpfs mount at `/t` is left out: only binds and named volumes are taken over",
        ),
        (
            "volumes: [{type: volume, source: v, target: /t, volume: {subpath: x}}]",
            "`subpath` of the volume at `/t` is left out: the fleet's form has no word for it",
        ),
        ("configs: [c]", "the config `c` is left out: nothing says where it is"),
        ("secrets: [k]", "the secret `k` is left out: nothing says where it is"),
    ],
)
def test_what_has_no_form_is_said(text: str, message: str) -> None:
    assert read(text)[2] == [f"compose.yaml:1: {message}"]


def test_a_config_with_its_content_in_the_compose_file_is_left_out() -> None:
    assert read("configs: [c]", "configs: {c: {content: x}}")[2] == [
        "compose.yaml:1: the config `c` is left out: it is not in a file"
    ]

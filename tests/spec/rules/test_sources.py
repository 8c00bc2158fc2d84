import pytest

from remuda.spec.document import load
from remuda.spec.rules.sources import is_inside, is_remote, recipes, upstreams


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/noonghunna/club-3090", True),
        ("https://me@h:8443/a/b.git", True),
        ("ssh://git@h/a", True),
        ("git://h/a", True),
        ("git@github.com:a/b.git", True),
        ("ssh://[::1]:22/a", True),
        ("./club", False),
        ("~/club", False),
        ("/srv/club", False),
        ("club", False),
    ],
)
def test_addresses(address: str, *, expected: bool) -> None:
    assert is_remote(address) is expected
    assert list(upstreams(load(f"upstreams: {{u: {{git: {address!r}}}}}", "f"))) == []


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/x",
        "http://h/a",
        "file:///etc",
        "--upload-pack=touch",
        "-oProxyCommand=x",
        "ssh://-oProxyCommand=x/a",
        "-x@h:a",
        "u@-oProxyCommand=x:a",
        "https://h/a b",
        "h:a",
        "",
        "fd::17",
    ],
)
def test_addresses_that_git_would_run_or_misread(address: str) -> None:
    (problem,) = upstreams(load(f"upstreams: {{u: {{git: {address!r}}}}}", "f"))
    assert problem.message.startswith("`upstreams.u.git` is no address of a repository: ")
    assert problem.hint


@pytest.mark.parametrize("ref", ["master", "v1.0", "release/1.x", "16a13740", "a@b"])
def test_refs(ref: str) -> None:
    assert list(upstreams(load(f"upstreams: {{u: {{git: /a, ref: {ref!r}}}}}", "f"))) == []


@pytest.mark.parametrize("ref", ["-x", "a..b", "HEAD@{1}", "a^", "a:b", "a b", "", "x.lock", "a//b", "--upload-pack=x"])
def test_refs_that_are_expressions(ref: str) -> None:
    (problem,) = upstreams(load(f"upstreams: {{u: {{git: /a, ref: {ref!r}}}}}", "f"))
    assert problem.message.startswith("`upstreams.u.ref` is no branch, tag or commit: ")


@pytest.mark.parametrize("name", ["../x", ".git", "a/b", "-x"])
def test_names_that_are_no_directories(name: str) -> None:
    (problem,) = upstreams(load(f"upstreams: {{{name!r}: {{git: /a}}}}", "f"))
    assert "is no name for an upstream" in problem.message


def test_an_unknown_upstream_is_suggested() -> None:
    (problem,) = recipes(load("upstreams: {club: {git: /a}}\nmodels: {a: {source: {upstream: clup, path: a}}}", "f"))
    assert problem.message == "`models.a.source.upstream` is unknown: `clup`"
    assert problem.hint == "write `club`"


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", "./a", "a//b", ".git/config", "a/.git/x", "a\nb", ""])
def test_paths_out_of_the_repository(path: str) -> None:
    text = f"upstreams: {{u: {{git: /a}}}}\nmodels: {{a: {{source: {{upstream: u, path: {path!r}}}}}}}"
    assert not is_inside(path)
    if "\n" not in path:
        (problem,) = recipes(load(text, "f"))
        assert problem.message.startswith("`models.a.source.path` leads out of the repository: ")


def test_values_of_another_kind_are_left_to_others() -> None:
    document = load("upstreams: {u: 3, v: {git: 3, ref: 4}}\nmodels: {a: {source: {upstream: 3, path: 4}}, b: 3}", "f")
    assert [*upstreams(document), *recipes(document)] == []

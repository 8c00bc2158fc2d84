import pytest

from remuda.facts.parse.cgroup import groups, held_bytes, limit_bytes, quota


def test_limits_of_all_groups_above_count() -> None:
    found = groups("0::/user.slice/run-1.scope\n")
    assert found.version == 2
    assert found.memory == (
        "/sys/fs/cgroup/user.slice/run-1.scope",
        "/sys/fs/cgroup/user.slice",
        "/sys/fs/cgroup",
    )
    assert found.cpu == found.memory


def test_the_first_version_has_a_tree_for_each_controller() -> None:
    found = groups("9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/\n")
    assert found.version == 1
    assert found.memory[0] == "/sys/fs/cgroup/memory/a/b"
    assert found.cpu == ("/sys/fs/cgroup/cpu/c", "/sys/fs/cgroup/cpu")


@pytest.mark.parametrize(("text", "limit"), [("max\n", None), ("9223372036854771712\n", None), ("1024\n", 1024)])
def test_no_limit_has_two_spellings(text: str, limit: int | None) -> None:
    assert limit_bytes(text) == limit


@pytest.mark.parametrize("name", ["inactive_file", "total_inactive_file"])
def test_files_that_nobody_uses_are_not_held(name: str) -> None:
    assert held_bytes("100\n", f"anon 10\n{name} 30\n") == 70


@pytest.mark.parametrize(
    ("text", "processors"), [("max 100000\n", None), ("250000 100000\n", 2.5), ("-1\n 100000\n", None)]
)
def test_a_quota_is_a_number_of_processors(text: str, processors: float | None) -> None:
    assert quota(text) == processors

"""Names of units as paths of objects, and ends of processes as `subprocess` has them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.edge.systemd.unit_state import object_path, state_of

PROPERTIES: dict[str, Any] = {
    "Id": "a.service",
    "LoadState": "loaded",
    "LoadError": ["", ""],
    "ActiveState": "active",
    "SubState": "running",
    "InvocationID": b"\x0a\xff",
    "NeedDaemonReload": False,
    "ActiveEnterTimestampMonotonic": 1,
    "InactiveExitTimestamp": 2,
}


@pytest.mark.parametrize(
    ("unit", "path"),
    [
        ("dbus.service", "dbus_2eservice"),
        ("vllm-qwen3.6_x.service", "vllm_2dqwen3_2e6_5fx_2eservice"),
        ("7b.service", "_37b_2eservice"),
        ("é@\\x2d.service", "_c3_a9_40_5cx2d_2eservice"),
    ],
)
def test_what_a_path_cannot_hold_is_escaped(unit: str, path: str) -> None:
    assert object_path(unit) == f"/org/freedesktop/systemd1/unit/{path}"


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_units_never_have_one_path(units: list[str]) -> None:
    assert object_path(units[0]) != object_path(units[1])


def test_a_unit_that_is_no_service_has_no_process() -> None:
    state = state_of(PROPERTIES)
    assert (state.main_pid, state.result, state.invocation_id) == (0, "success", "0aff")


@pytest.mark.parametrize(("code", "status", "expected"), [(1, 3, 3), (2, 9, -9), (3, 6, -6), (0, 0, None)])
def test_the_status_is_that_of_the_process_that_is_asked_for(code: int, status: int, expected: int | None) -> None:
    state = replace(state_of(PROPERTIES), exec_main_pid=7, exec_main_code=code, exec_main_status=status)
    assert state.exit_status(7) == expected
    assert state.exit_status(8) is None


@pytest.mark.parametrize(
    ("active", "is_up"), [("active", True), ("activating", True), ("deactivating", False), ("failed", False)]
)
def test_what_is_started_again_by_systemd_counts_as_up(active: str, *, is_up: bool) -> None:
    assert state_of({**PROPERTIES, "ActiveState": active}).is_up is is_up

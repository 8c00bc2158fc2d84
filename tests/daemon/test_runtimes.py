from __future__ import annotations

import pytest

from remuda.daemon.runtimes import failure_of
from remuda.edge.containers.complaint import ContainerError
from remuda.engines.contract import Failure, FailureKind
from remuda.errors import EffectError


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (EffectError("cannot do it"), Failure(FailureKind.EXITED, "cannot do it")),
        (EffectError("cannot do it", hint="try again"), Failure(FailureKind.EXITED, "cannot do it; try again")),
        (ContainerError("no", kind=FailureKind.PORT_TAKEN), Failure(FailureKind.PORT_TAKEN, "no")),
    ],
)
def test_the_failure_of_an_error(error: EffectError, failure: Failure) -> None:
    assert failure_of(error) == failure

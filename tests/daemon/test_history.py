from remuda.daemon.history import Ended, History
from remuda.edge import engine_log
from remuda.engines.contract import Failure, FailureKind

OOM = Failure(FailureKind.OUT_OF_MEMORY, "ran out of memory", ("last line",))


def test_the_last_attempts_of_a_model_are_kept_the_latest_first() -> None:
    times = iter(range(100))
    history = History(lambda: float(next(times)))
    history.failed("a", OOM, log=1, lasted_s=2, ready_s=None)
    history.stopped("a", "idle for 5 s", log=2, lasted_s=9, ready_s=1)
    assert history.of("a") == (
        Ended(2, 1, 9, 1, None, "idle for 5 s"),
        Ended(1, 0, 2, None, "out_of_memory", "ran out of memory", ("last line",)),
    )
    assert history.of("b") == ()


def test_so_many_are_kept_as_logs() -> None:
    history = History(lambda: 0)
    for log in range(10):
        history.failed("a", OOM, log=log, lasted_s=0, ready_s=None)
    assert [ended.log for ended in history.of("a")] == [9, 8, 7, 6, 5]
    assert len(history.of("a")) == engine_log.KEPT

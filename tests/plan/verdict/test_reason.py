from itertools import permutations

from remuda.plan.verdict.reason import Reason, Verdict, best, in_order

YES = Reason(state="yes", about="code", message="has code for 8.6", confidence="read")
NO = Reason(state="no", about="driver", message="the driver is too old", confidence="read")
DOUBT = Reason(state="no", about="code", message="has none, one hears", confidence="reported")
OPEN = Reason(state="unknown", about="libc", message="is not known")


def verdict(*reasons: Reason) -> Verdict:
    return Verdict(device="cuda0", engine="vllm", artefact="image", what="an image", reasons=in_order(reasons))


def test_one_no_decides_and_what_is_open_comes_before_a_yes() -> None:
    for order in permutations((YES, NO, OPEN)):
        assert verdict(*order).state == "no"
        assert [reason.state for reason in verdict(*order).reasons] == ["no", "unknown", "yes"]
    assert verdict(YES, OPEN).state == "unknown"
    assert verdict(YES, YES).state == "yes"
    assert verdict().state == "unknown"


def test_what_somebody_told_is_not_certain() -> None:
    assert verdict(YES, NO).is_certain
    assert not verdict(YES, DOUBT).is_certain
    assert not verdict(YES, OPEN).is_certain


def test_one_of_several_is_enough() -> None:
    assert best(["no", "yes", "unknown"]) == "yes"
    assert best(["no", "unknown"]) == "unknown"
    assert best(["no"]) == "no"
    assert best([]) == "unknown"

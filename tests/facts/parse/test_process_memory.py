from remuda.facts.parse.process_memory import Resident, proportional, resident

STATUS = """\
Name:	llama-server
State:	S (sleeping)
VmPeak:	12060 kB
VmHWM:	    1744 kB
VmRSS:	    1700 kB
RssAnon:	     116 kB
RssFile:	    1584 kB
RssShmem:	       0 kB
Threads:	1
"""
ROLLUP = """\
5590b3a37000-7fffd9ad7000 ---p 00000000 00:00 0                          [rollup]
Rss:                1756 kB
Pss:                 410 kB
Pss_Dirty:           108 kB
Pss_Anon:            108 kB
Pss_File:            302 kB
"""


def test_the_resident_set_its_files_and_its_peak() -> None:
    assert resident(STATUS) == Resident(1700 * 1024, 1584 * 1024, 1744 * 1024)


def test_kernels_before_4_5_do_not_tell_files_apart() -> None:
    assert resident("VmRSS:\t 5 kB\n") == Resident(5 * 1024, 0)


def test_a_zombie_has_no_memory() -> None:
    assert resident("Name:\tpython3\nState:\tZ (zombie)\n") is None


def test_the_proportional_share() -> None:
    assert proportional(ROLLUP) == Resident(410 * 1024, 302 * 1024)


def test_a_process_that_has_gone_has_no_share() -> None:
    assert proportional("") is None

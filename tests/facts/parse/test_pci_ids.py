from remuda.facts.parse.pci_ids import title

LIST = """\
# Syntax
1001  Kolter Electronic
\t66a1  Not this one
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t1304  Kaveri

# Newer ones
\t66a1  Vega 20 [Radeon Pro VII/Radeon Instinct MI50 32GB]
\t\t1002 0834  Radeon Instinct MI50
\t7489  Navi 33 [Radeon Pro W7500]
1003  ULSI Systems
\t0201  US201
"""


def test_a_device_is_looked_for_below_its_vendor_only() -> None:
    assert title(LIST, "1002", "66a1") == "Vega 20 [Radeon Pro VII/Radeon Instinct MI50 32GB]"
    assert title(LIST, "1002", "7489") == "Navi 33 [Radeon Pro W7500]"


def test_what_is_not_listed_has_no_title() -> None:
    assert title(LIST, "1002", "0201") is None
    assert title(LIST, "10de", "2204") is None
    assert title("", "1002", "66a1") is None

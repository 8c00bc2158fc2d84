from remuda.facts.cpu import NumaNode
from remuda.facts.parse.numa import node


def test_a_node_has_processors_and_memory() -> None:
    assert node(1, "0-1,4\n", "Node 1 MemTotal:       2048 kB\nNode 1 MemFree: 1 kB\n") == NumaNode(1, "0-1,4", 2**21)


def test_a_node_of_processors_only_has_no_memory() -> None:
    assert node(0, "0\n", "").total_bytes == 0

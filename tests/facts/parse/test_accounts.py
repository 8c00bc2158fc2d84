from remuda.facts.parse.accounts import names, subordinate


def test_names_are_found_by_number_and_the_first_one_counts() -> None:
    assert names("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n+::::::\ndas:x:1000:\n") == {
        0: "root",
        1000: "das",
    }


def test_subordinate_ids_of_a_name_and_of_a_number_add_up() -> None:
    table = "das:100000:65536\n1000:200000:10\nother:300000:65536\nbroken\n# das:1:2:3\n"
    assert subordinate(table, 1000, "das") == 65546
    assert subordinate("", 1000, "das") == 0

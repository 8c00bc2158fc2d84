from remuda.facts.parse.os_release import title


def test_the_name_for_people_may_be_quoted() -> None:
    assert title('NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n') == "Debian GNU/Linux 12 (bookworm)"
    assert title("PRETTY_NAME=Void\n") == "Void"


def test_no_name_is_none() -> None:
    assert title("ID=x\n") is None

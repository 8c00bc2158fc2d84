from remuda.facts.software import Runtime, Software, Tool


def test_programs_and_runtimes_are_found_by_name() -> None:
    software = Software(tools=(Tool("nix", "/bin/nix", "2.31"),), runtimes=(Runtime("podman", "5.4.2", "rootless"),))
    nix, podman = software.tool("nix"), software.runtime("podman")
    assert nix
    assert podman
    assert (nix.version, podman.version) == ("2.31", "5.4.2")
    assert software.tool("podman") is None
    assert software.runtime("docker") is None

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "podman: runs containers with the real podman, skipped where it cannot")

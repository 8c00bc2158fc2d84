"""The target `compose`: one file for docker compose and podman-compose, and the fleet file of its gateway."""

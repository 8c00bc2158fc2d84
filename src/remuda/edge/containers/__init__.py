"""Engines in containers: podman and docker through their command lines, without a shell and without their sockets."""

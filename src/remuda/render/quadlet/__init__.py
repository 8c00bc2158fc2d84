"""Podman's Quadlet: a `.container` file for each model, and what prepares a machine for them."""

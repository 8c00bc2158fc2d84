"""Compose files: services that run a known engine become models."""

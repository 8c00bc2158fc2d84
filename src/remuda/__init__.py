"""Remuda: one declarative file for the language models of your machines."""

__version__ = "0.1.0"

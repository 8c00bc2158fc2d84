"""Nix: a model of its expressions, their text laid out as nixfmt does, and the targets that are made of them."""

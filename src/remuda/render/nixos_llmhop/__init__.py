"""llmhop's modules for NixOS: its options, and a fleet told in them."""

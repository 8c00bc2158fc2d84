"""The adapter `llama-swap`: the configuration of that program as a fleet."""

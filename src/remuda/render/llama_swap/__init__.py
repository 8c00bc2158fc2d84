"""The target `llama-swap`: the same fleet as a configuration of that program."""

"""How other programs write words down: systemd and podman, shells, compose, llama-swap.

One module a language, each with both directions, made after the rules of the program that reads it. What goes through
a writer comes out of the reader as it went in; what no form exists for, and what a reader would have to guess, is
refused by name with SpecError. What the words mean is not known here.
"""

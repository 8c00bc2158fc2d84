"""What reads the machine: one module a source, each ending in facts."""

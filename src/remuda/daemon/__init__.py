"""The daemon: residency and gateway, wired to the machine."""

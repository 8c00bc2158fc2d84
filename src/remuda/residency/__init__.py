"""Which instances are up, coming and going: the swap machinery, sans-io (`remuda.residency.residency` is the door)."""

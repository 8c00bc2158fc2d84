"""What is true of a host, discovered at the edge and kept as plain values, so that a plan can be made elsewhere."""

"""What follows from the fleet file, the facts of a host and the knowledge of the field."""

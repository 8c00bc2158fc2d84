"""Pure text → facts, one module a source."""

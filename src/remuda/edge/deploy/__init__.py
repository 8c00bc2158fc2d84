"""Effects of deploying: where generations are kept, links, and the managers of a machine that is running."""

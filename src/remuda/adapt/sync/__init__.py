"""What a recipe of an upstream gives a model, and what has changed since. Pure: `remuda.edge.git` reads commits."""

"""The build matrix as Nix: an expression for each variant, and a page about all of them."""

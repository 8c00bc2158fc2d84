"""A flake for the fleet: servers and images of the models, built from one commit of nixpkgs."""

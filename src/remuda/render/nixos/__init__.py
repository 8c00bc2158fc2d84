"""A fleet as a module for NixOS: units, containers and services, and what of the machine they need."""

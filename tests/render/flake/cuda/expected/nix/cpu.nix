# Made by `remuda render flake`; edit the fleet file instead.
final: prev: { }

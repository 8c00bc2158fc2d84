"""Variants that somebody wrote by hand, a Nix file each, and the tables about them: read, and checked.

`anatomy` finds in a text what such a file says; `files`, `siblings` and `tables` judge it by what the matrix would say.
The texts are looked at as they stand: nothing is evaluated, so a tree can be checked where there is no Nix.
"""

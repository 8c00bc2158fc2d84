"""The build matrix: what a variants file asks for, what of it can work, and which variant a machine needs.

`names` knows how variants are called, `matrix` makes them and judges each, `jobs` says how many compilers may run at
once, `pick` finds the one for a machine, `compare` tells two lines apart.
"""

"""What is true of the field: GPU architectures, drivers, builds of engines, their flags, formats and failures.

Data, not code: one row for each fact in `data/`, with its source and how sure it is. Typed tables are made of them when
somebody asks, so that a command that needs none pays nothing. Modules: `cuda` and `rocm` (what devices there are),
`builds` (what an artefact was compiled for), `features` and `formats` (what an engine can do on it), `flags` (which
release knows which), `symptoms` (what a line of a log means).

That a row is missing means that it is not known here, which is neither yes nor no. No verdict is given here: that is
planning, from these tables and the facts of a host.
"""

"""The command line: one module a verb, `output` the only printer, `main` the only place that knows exit codes."""

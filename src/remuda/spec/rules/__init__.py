"""What the keys of a fleet file must mean together, one module for each subject.

A rule is a generator of problems over the raw document, so that it runs, and finds what it can, when other parts of
the file have the wrong shape; wrong shapes themselves are not its business. The list of all rules is in
`remuda.spec.check`.
"""

"""The fleet file: what may be in it, what it means, and everything that can be said against it without a machine.

`document` reads the text, `fleet` is its shape, `check` judges it, `merge` says what applies to one model. Engines are
not known here: what needs them is in `remuda.plan.check`.
"""

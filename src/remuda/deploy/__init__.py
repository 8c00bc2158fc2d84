"""Deploying what was rendered: what would change, in which steps, and the way back.

Pure. Trees of files, the states of units and the answers of steps come in as values; steps and objections go out. The
effects are `remuda.edge.deploy`'s, and which text a file has is `remuda.render`'s.
"""

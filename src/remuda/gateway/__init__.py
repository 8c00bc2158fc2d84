"""The gateway's decisions: what a request asks for, who may ask, where it goes and what is said when it cannot go.

Sans-io: bytes and parsed heads in, values out. The sockets are in `remuda.edge.http`.
"""

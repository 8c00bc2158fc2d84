"""Other protocols in front of engines that speak only OpenAI's: one module, or a few of one prefix, for each protocol.

Pure functions of bytes: see `remuda.gateway.translation` for what the gateway asks of a translator.
"""

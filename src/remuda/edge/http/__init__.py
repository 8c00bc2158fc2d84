"""The gateway's sockets: HTTP to clients and to engines."""

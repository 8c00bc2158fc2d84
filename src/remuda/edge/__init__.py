"""Every effect: sockets, processes, files, probes, the clock. Decisions are made in the rooms below."""

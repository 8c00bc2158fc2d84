"""Units of systemd's for a whole fleet: the gateway, and the engines that it starts and stops."""

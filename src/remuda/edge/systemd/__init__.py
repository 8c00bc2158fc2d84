"""systemd's service managers, the system's and a user's, spoken to over D-Bus."""

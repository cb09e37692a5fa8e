"""WebSocket streams: connections, what is subscribed there, and whether it is heard."""

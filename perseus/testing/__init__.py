"""For authors of plugins: a pytest plugin, a network that reads like an incident, a service that misbehaves."""

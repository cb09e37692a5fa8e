"""An ingest process: on the network through the plugins, at work through its feed."""

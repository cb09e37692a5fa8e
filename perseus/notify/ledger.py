"""What is known of deliveries: read from the keys of the destinations, by pages, API and commands."""

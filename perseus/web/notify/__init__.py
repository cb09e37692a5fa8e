"""The pages about notifications: plugins, destinations, rules, silences."""

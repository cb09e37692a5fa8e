"""What people configure of a plugin: one model is form, check, variables and documentation."""

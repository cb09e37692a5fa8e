"""The drill: faults made on purpose to instances of its own, and the clock held beside them."""

"""How plugins are found, held against the contract and let in: nothing of theirs runs unasked."""

"""The command line. What a command does is in `perseus.commands`, loaded only when it is asked for."""

"""`python -m perseus` is `perseus`."""

from perseus.cli.main import main

main()

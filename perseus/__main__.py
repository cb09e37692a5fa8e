"""`python -m perseus` is `perseus`."""

from perseus.cli import main

main()

"""`python -m lingseg` is the command `lingseg`."""

from lingseg.cli.main import main

main()

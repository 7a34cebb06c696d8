"""`python -m o2c`."""

from o2c.cli import main

main()

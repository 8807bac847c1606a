"""What the command line is made of, beside `flows/cli.py`."""

"""What `make run` runs: everything in one terminal, and nothing left behind."""

"""One file for every step of the tables."""

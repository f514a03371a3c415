"""The memory of the box: one SQLite file and a folder of evidence; nobody else writes SQL."""

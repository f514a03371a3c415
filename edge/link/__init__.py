"""The contract between hub and township, imported by both ends."""

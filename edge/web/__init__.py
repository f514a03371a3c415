"""The pages of the village's duty staff, on the hub."""

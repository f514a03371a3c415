"""Voices: words into sound; kept empty, for the speaking process imports it."""

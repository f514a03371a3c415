"""Following an incident to its end: who has it, until when, and what was done about it."""

"""What the pages of hub and township are both made of: sign-in, sessions, words, parts."""

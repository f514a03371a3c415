"""How a box gets its identity: one-time codes, certificates, and the talk between both ends."""

"""Loudspeakers: each kind is one module and one line in the registry."""

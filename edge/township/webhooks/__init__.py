"""Webhooks: other systems are told of cases and incidents, signed, again until it worked."""

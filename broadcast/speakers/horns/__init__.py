"""Drivers of network horns that are told over HTTP what to play."""

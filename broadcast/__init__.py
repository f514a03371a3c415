"""Broadcast speaks: from words to loudspeakers; it knows no camera, MQTT or SQL."""

"""Vision sees: from camera pixels to incidents; it knows no MQTT, SQL, web or loudspeaker."""

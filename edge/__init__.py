"""Edge decides, remembers and tells the township: the box's judgement, memory and voice."""

__version__ = "0.1.0"

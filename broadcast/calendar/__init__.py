"""When something is to be said: rules, and the days and moments on which they fall."""

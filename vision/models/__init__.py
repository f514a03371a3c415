"""Model files of the operator: a catalogue of known ones, and the folder that keeps them."""

"""The switch of the amplifier behind a loudspeaker: on in time, and never on for ever."""

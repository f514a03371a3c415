"""What the owner of a box or console may set: one schema, checked whole, with helpful words."""

"""The township for other programs: a REST API with tokens, and cases as files."""

"""Full pictures from the villages: fetched in pieces, checked, kept by their content."""

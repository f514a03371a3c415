"""Places as townships write them: codes, lists from Excel or CSV, and what is wrong in them."""

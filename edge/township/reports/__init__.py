"""Reports a township owes its county: weekly, ten-day and monthly, on screen, as Excel and PDF."""

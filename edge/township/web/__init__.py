"""The township's pages: alerts, villages, speaking, receipts, people, audit."""

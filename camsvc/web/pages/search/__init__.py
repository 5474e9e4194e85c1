"""The page on which incidents are searched: conditions, and what they find as cards, table, map or timeline."""

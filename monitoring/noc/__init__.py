"""The page of the NOC: one French page that says which sites are down, why, since when, and who to send."""

"""From what was seen to incidents: which segments failed, why, since when, and who should go."""

"""The profile composition of one area beside province and country, and who answered there."""

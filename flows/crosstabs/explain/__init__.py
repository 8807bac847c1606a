"""What made one number: its definition, error, test and suppression, and how to make it again."""

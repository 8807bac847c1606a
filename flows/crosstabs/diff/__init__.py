"""What differs between two editions: numbers, marks, wording."""

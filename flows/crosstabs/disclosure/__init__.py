"""What may leave the bureau together: rules of size, and what follows from all that is shown."""

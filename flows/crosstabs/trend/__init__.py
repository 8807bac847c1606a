"""Wave on wave: what changed, where a series breaks, what of it is published, and its page."""

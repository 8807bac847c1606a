"""The sheets of a dossier, one module each: from published tables to contents."""

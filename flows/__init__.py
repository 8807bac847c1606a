"""themadossier: panel answers in, weighted, tested and safe theme dossiers out."""

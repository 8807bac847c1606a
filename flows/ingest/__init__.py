"""Files with answers become validated answers: read, pseudonymise, standardise, settle, mark."""

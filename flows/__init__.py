"""themadossier: panel answers in, weighted, tested and safe theme dossiers out."""

import os

# The matrices here are small and many: threads of BLAS that wait for each other made fitting
# the profiles 20 times slower on a busy two-core machine. Must be set before numpy is imported.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

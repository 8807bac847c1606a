"""What analysts do by hand beside the flows, each started by a command of the same name.

Every module reads the store, lets the pure stages do the work and writes what may leave it:
tables on demand (`tabulate`, `corrected_estimates`), waves compared (`theme_trend*`), areas
(`area_base`, `area_estimates*`, `area_reports`), what made a number (`explain*`), the answers as a
file (`analysis_file`), two runs beside one another (`run_diff*`), portraits, weighting schemes.
No Prefect in any of them.
"""

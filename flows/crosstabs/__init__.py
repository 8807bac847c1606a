"""Cross-tabs by profile: tables with every statistic, and what of them is published."""

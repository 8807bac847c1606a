"""What areas are estimated to answer: multilevel regression and poststratification."""

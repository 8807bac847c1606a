"""Great Expectations suites, built from the questionnaire."""

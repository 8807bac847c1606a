"""From questionnaire and answers to the rows of a table and the vectors they are counted from."""

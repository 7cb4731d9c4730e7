"""What to offer whom, and when: what each customer will buy again."""

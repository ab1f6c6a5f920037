"""The measured tables of README.md, in Markdown, from the JSON in experiments/results."""

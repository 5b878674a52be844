"""Commands that a person types; no rule of the workflow runs them. A file each, with a literal COMMAND."""

"""What steps will take, in seconds, memory and disk, and what they took. Imports no torch."""

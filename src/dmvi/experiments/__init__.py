"""What is not "train a model on images": a folder each, with its settings, steps, figures and claims."""

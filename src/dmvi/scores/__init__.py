"""Scores: numbers about samples of a trained model. A file each, and nothing else to edit but a study.

A file states `SCORE`, a literal that is read without importing it (`dmvi.study.declarations`):

    version  raised by hand when the same images get another value
    data     builders of the data sets that it is defined for; None for all
    against  "nothing": of images alone; "data": a distance from validation or test images
    options  JSON schema of its options, all of them required in a study that asks for the score
    trains   whether it trains a network: its result is then kept beside the checkpoints, and used again
             as long as its options and the images are the same
    needs    other files that it reads: "classifier", "inception_weights"
    always   whether every study has it, without asking
    entries  key in scores.json -> title and axis for figures, higher (which way is better), data (what
             the data's own score is of), towards_data (the better the nearer it is to the data's own);
             only those with a title are compared in figures

and holds

    cost(costs, data, samples, options, gpus) -> seconds
    compute(images, options) -> {key: {"value", "sd", ...} or {"skipped": why}}

with `images` a `dmvi.scores.scoring.Images`.
"""

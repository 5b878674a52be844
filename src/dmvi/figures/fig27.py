"""Figure 27: samples of every model on ColorMNIST."""

from dmvi.figures import sample_grids

TITLE = "Samples of every model on ColorMNIST"
SOURCES = {
    "run": ("run.json", "samples.npy", "scores.json"),
    "data": ("meta.json", "scores.json", "images.npy"),
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"tags": "compare", "builder": ["color_mnist", "stacked_mnist"]}
CAPTION = (
    "Samples as they were drawn, first seed, of every model's best run: the one with the lowest "
    "distance W by the independent critic, mean over seeds (given ± 1 sd over seeds). Look for blur in the "
    "VAEs, for artefacts and repetition in the others, and whether VEEGAN, VGH and VGH++ come "
    "nearer to the GANs than to the VAEs."
)

sample_sizes = sample_grids.shown_sizes


def draw(tables):
    return sample_grids.draw_samples(tables, data=True)

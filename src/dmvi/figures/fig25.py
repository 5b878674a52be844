"""Figure 25: reconstructions of VGH++ and VAE on CelebA."""

from dmvi.figures import reconstructions

TITLE = "Reconstructions of VAE and VGH++ on CelebA"
SOURCES = {
    "run": ("run.json", "originals.npy", "reconstructions.npy", "quality.json", "scores.json")
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"tags": "compare", "builder": "celeba", "model": ["vae", "vgh_plus_plus"]}
CAPTION = (
    "The same test images, and what VAE and VGH++ make of them; of each model the run with the "
    "lowest critic distance. Sharpness is the mean gradient magnitude of the reconstructions: "
    "blur lowers it, and noise raises it as well as detail does, so read it against the originals' "
    "and beside the reconstruction error. VGH++ minimises a weighted L1 distance and a "
    "discriminator's loss, so the VAE may win on the squared error while it loses on sharpness."
)

sample_sizes = reconstructions.reconstruction_sizes
draw = reconstructions.draw_reconstructions

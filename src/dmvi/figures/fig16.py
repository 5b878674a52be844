"""Figure 16: samples and reconstructions of VAE and AAE with many latents, on ColorMNIST."""

from dmvi.figures import large_latents

TITLE = "VAE and AAE with large latent spaces: ColorMNIST"
SOURCES = {
    "run": (
        "run.json",
        "originals.npy",
        "reconstructions.npy",
        "samples.npy",
        "quality.json",
        "kl.json",
    )
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "first"
SELECT = {"tags": "large", "builder": ["color_mnist", "stacked_mnist"], "model": ["vae", "aae"]}
CAPTION = (
    "A block per latent size: the upper row shows test images and their reconstructions with the "
    "mean squared error, the lower row samples with the Monte Carlo KL(q(z)‖p(z)) and the bound "
    "avgKL − log N under it. C: hidden layers × units of the AAE's code discriminator. Compare "
    "AAE with VAE within a block, and the blocks with each other."
)

sample_sizes = large_latents.picture_sizes
draw = large_latents.draw_pictures

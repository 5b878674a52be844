"""Data sets: build them once into plain arrays, read them ever after.

`dmvi.data.preparation.prepare` turns official files (or a stand-in) into `images.npy`, `labels.npy`
and `meta.json`; `dmvi.data.dataset.open_dataset` opens that folder. `dmvi.data.registry` names the
builders and their options. This package imports nothing, so that a config can be checked against
the registry before numpy or torch is loaded.
"""

"""Steps of the synthetic study."""

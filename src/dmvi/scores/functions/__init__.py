"""What the scores compute: pure functions of images and networks. No study, no settings."""

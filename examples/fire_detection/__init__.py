"""The fire-detection example: half an hour in a building, for `rules/fire_detection.cep`."""

"""The house-fire example: generated days and fires of a house, for `rules/house_fire.cep`."""

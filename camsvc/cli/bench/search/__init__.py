"""``camsvc bench search``: the incident index filled with a province's year, searched and published into at once."""

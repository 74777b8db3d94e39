"""Pure rules: phone numbers, money, reference codes, sectors, roles, states and their allowed moves, errors."""

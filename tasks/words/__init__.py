"""Words of sentences as columns, their labels, schemes and spans: what every stage uses."""

"""What holds in every shot, whatever the scenario asks: statements over what the DUT tells and what it was shown."""

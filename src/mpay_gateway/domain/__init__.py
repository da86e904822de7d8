"""The words of the scenario as values and rules: pure, standard library only."""

"""The whole scene of a payment for tests: real counterparts, a gateway, a payer, and an oracle of the books."""

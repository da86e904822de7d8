"""The launcher of the demo. It knows the programs by their commands alone and imports none of them."""

"""A whole gateway in processes of its own, with everybody around it: started, killed, paid through, compared."""

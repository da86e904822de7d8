"""The checks, a module for each group or part of one."""

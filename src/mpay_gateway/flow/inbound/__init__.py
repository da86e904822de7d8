"""Payments that others bring: networks and terminals that check an order and tell of money they hold."""

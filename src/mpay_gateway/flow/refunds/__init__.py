"""Money of confirmed payments that goes back: opened, approved, asked of the service and of the provider, booked."""

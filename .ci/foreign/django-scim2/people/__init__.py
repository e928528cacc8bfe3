"""The application: people and groups, and the way to them."""

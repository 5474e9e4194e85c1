"""Pages and components of the web application."""

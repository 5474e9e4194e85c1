"""What the API and the web application both do: plain functions, free of HTTP. Named by noun."""

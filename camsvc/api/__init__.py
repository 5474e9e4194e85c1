"""One router per resource, authentication, audit."""

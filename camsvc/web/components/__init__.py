"""What runs in the browser: one Vue component in JavaScript, and its Python side, a file each."""

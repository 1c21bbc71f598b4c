"""Small words of the templates: moments, marks, fields, the demo's cards."""

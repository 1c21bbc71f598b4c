"""`manage.py doctor`: can this installation do its job? It asks; it changes nothing."""

"""The main job without a browser: asked, approved, seen in AWS, ended, seen gone; each kind.

`launcher` makes a folder and an AWS to work on; `main` runs the steps inside of it, with real
workers doing the work. Lives below `management` because it stands above everything it uses.
"""

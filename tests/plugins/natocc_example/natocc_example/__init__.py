"""A plug-in of every kind for natocc: a face source, an occluder kind, a texture, a colour transfer, a blend."""

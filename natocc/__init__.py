"""natocc: occluded faces with exact masks.

Occlusion-aware face segmentation needs pictures of covered faces with the mask of what is still visible. natocc makes them from
face datasets and occluders as their owners publish them, after T. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic
Face Occlusion Segmentation Datasets", CVPR Workshops 2022 (arXiv 2205.06218).
"""

__version__ = "0.1.0"

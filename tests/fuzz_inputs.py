"""Valid input to damage, all of it made by the project itself or by the libraries that write its formats."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageCms, PngImagePlugin
from pycocotools import mask as coco_masks

from natocc.core.errors import Reason
from natocc.core.plans import Finish, Look, OccluderPlan, Placement, Plan, Shadow
from natocc.core.samples import Origin, Rejection, SampleRecord
from natocc.dataset.description import Counts, DatasetDescription, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import write_manifest
from natocc.dataset.write.commit import commit_shard
from natocc.dataset.write.staging import stage_sample
from natocc.io.paths import own_folder

HEIGHT, WIDTH = 48, 64
_ROWS, _COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
DESCRIPTION = DatasetDescription({"name": "x", "output": {"shard_size": 4}}, "", {}, {}, {})
PHOTO = np.dstack([4 * _COLUMNS, 5 * _ROWS, 2 * (_ROWS + _COLUMNS)]).astype(np.uint8)
DISC = (((_ROWS - 24) ** 2 + (_COLUMNS - 32) ** 2) < 14**2).astype(np.uint8)


def pictures() -> tuple[bytes, ...]:
    """Small pictures in every format and mode that the image door takes."""

    def saved(format_name: str, mode: str = "RGB", **options: object) -> bytes:
        buffer = io.BytesIO()
        PillowImage.fromarray(PHOTO).convert(mode).save(buffer, format_name, **options)  # type: ignore[arg-type]
        return buffer.getvalue()

    exif = PillowImage.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    text = PngImagePlugin.PngInfo()
    text.add_text("key", "text " * 50, zip=True)
    text.add_itxt("other", "text " * 50, "de", "anders", zip=True)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    wide = io.BytesIO()
    PillowImage.fromarray(PHOTO[..., 0].astype(np.uint16) * 257).save(wide, "PNG")
    return (
        *(saved("PNG", mode) for mode in ("RGB", "L", "LA", "P", "RGBA", "1")),
        saved("PNG", pnginfo=text, icc_profile=profile, exif=exif),
        wide.getvalue(),
        saved("JPEG", quality=90, exif=exif),
        saved("JPEG", progressive=True, icc_profile=profile),
        saved("JPEG", "CMYK"),
        saved("MPO", save_all=True, append_images=[PillowImage.fromarray(PHOTO)]),
        saved("WEBP", exif=exif),
        saved("WEBP", "RGBA", lossless=True),
        *(saved("BMP", mode) for mode in ("RGB", "P")),
        *(saved("TIFF", compression=name) for name in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg")),
        saved("TIFF", "1", compression="group4"),
        saved("TIFF", "F"),
    )


def segmentations() -> tuple[bytes, ...]:
    """Outlines and run lengths of :data:`DISC`, as JSON."""
    around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    polygon = np.stack([32 + 14 * np.cos(around), 24 + 14 * np.sin(around)], axis=1).ravel().round(2).tolist()
    counts = coco_masks.encode(np.asfortranarray(DISC))["counts"].decode()
    flat = DISC.ravel(order="F")
    lengths = np.diff(np.flatnonzero(np.diff(flat, prepend=2, append=2))).tolist()
    size = [HEIGHT, WIDTH]
    forms = ([polygon], [polygon, [1, 1, 9, 1, 9, 9]], {"size": size, "counts": counts}, {"size": size, "counts": lengths})
    return tuple(json.dumps(form).encode() for form in forms)


def coco_files() -> tuple[bytes, ...]:
    """COCO files about the one picture ``1.jpg``."""
    outlines = [json.loads(each) for each in segmentations()]
    annotations = [
        {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, "bbox": [18, 10, 28, 28], "segmentation": outline}
        for number, outline in enumerate(outlines, start=1)
    ]
    content = {
        "info": {"description": "a test"},
        "licenses": [{"id": 4, "url": "http://by/2.0/", "name": "BY"}],
        "images": [{"id": 1, "file_name": "1.jpg", "width": WIDTH, "height": HEIGHT, "license": 4}],
        "categories": [{"id": 1, "name": "cup", "supercategory": "kitchen"}, {"id": 2, "name": "person"}],
        "annotations": annotations,
    }
    backwards = dict(reversed(content.items()))
    return json.dumps(content).encode(), b"\xef\xbb\xbf" + json.dumps(backwards, indent=1).encode()


def recipes() -> tuple[bytes, ...]:
    """natocc's own recipes."""
    return tuple(path.read_bytes() for path in sorted(own_folder("pipelines").glob("*.yaml")))


def measures(width: int, height: int) -> dict[str, float]:
    """Of a face that fills its picture, and of which a quarter is covered."""
    pixels, box = width * height, {"face_left": 0, "face_top": 0, "face_width": width, "face_height": height}
    counts = {"occlusion_ratio": 0.25, "face_pixels": pixels, "visible_pixels": 3 * pixels // 4, "mask_estimated": 0}
    return {**counts, "width": width, "height": height, **box}


def dataset(root: Path) -> Layout:
    """A dataset of one shard of four samples; the third is rejected."""
    layout = Layout(root, 4)
    root.mkdir()
    origin = Origin("d", "item", "0" * 64, "http://by/2.0/")
    shadow = Shadow(1.5, 2.0, 3.0, 0.25)
    occluder = OccluderPlan({"id": "a/1"}, Placement((1, 0, 5.5, 0, 1, 2), False, "mouth"), Look(jpeg=90, shadow=shadow))
    write_dataset(root, DESCRIPTION)
    for index in range(4):
        common = {"index": index, "set_name": "s", "method": "natocc", "face": "1", "variant": index, "identity": "1"}
        if index == 2:
            rejected = SampleRecord(**common, rejection=Rejection(Reason.NO_FACE, "face", "none"))  # type: ignore[arg-type]
            stage_sample(layout, rejected, {})
            continue
        record = SampleRecord(
            **common,  # type: ignore[arg-type]
            split="train",
            face_origin=origin,
            occluder_origins=(origin,),
            categories=("cup",),
            plan=Plan((occluder,), 3, 0.25, Finish(blur=0.5)),
            measures=measures(64, 48),
            detector="hog",
            landmarks=((1.5, 2.5, False), (3.0, 4.0, True)),
        )
        stage_sample(layout, record, {"images": (".jpg", b"image"), "masks": (".png", b"mask")})
    commit_shard(layout, range(4))
    write_manifest(layout)
    complete = dataclasses.replace(DESCRIPTION, status="complete", samples=4, counts=Counts(3, {"no-face": 1}))
    write_dataset(root, complete)
    return layout

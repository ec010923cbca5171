"""What decides a training: the keys of a benchmark's YAML."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from natocc.evaluation.truth import PicturesOptions
from natocc.plugins.options import Location, Options
from natocc.plugins.ranges import PositiveRange, QualityRange

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Augmentation(Options):
    """What is done to pictures while a network is trained; every number is a limit, drawn evenly for each picture."""

    flip: Share = 0.5
    """Probability that a picture is mirrored."""

    rotate: Annotated[float, Field(ge=0, le=180)] = 15.0
    """Degrees, to either side."""

    scale: PositiveRange = (0.85, 1.2)
    """Times the size."""

    shift: Share = 0.08
    """Share of the side, in every direction."""

    brightness: Share = 0.2
    """Added to values, share of white."""

    contrast: Share = 0.2
    """Around the mean: 0.2 is from 0.8 to 1.2 times."""

    saturation: Share = 0.3
    """As `contrast`, around grey."""

    grey: Share = 0.05
    """Probability that a picture loses its colours."""

    blur: Annotated[float, Field(ge=0, le=10)] = 0.8
    """Standard deviation of a Gaussian, px, for every second picture."""

    noise: Share = 0.02
    """Standard deviation, share of white."""

    jpeg: QualityRange | None = None
    """Quality at which pictures are compressed once more."""


NO_AUGMENTATION = Augmentation(
    flip=0, rotate=0, scale=(1, 1), shift=0, brightness=0, contrast=0, saturation=0, grey=0, blur=0, noise=0
)


class Network(Options):
    """A network of segmentation_models_pytorch."""

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    """In tables and folders; architecture and encoder unless given."""

    architecture: str = "unet"
    """``unet``, ``pspnet``, ``deeplabv3plus``, ``segformer``, or another of the package's."""

    encoder: str = "resnet18"
    """Such as ``resnet101``, ``mit_b0``, or ``tu-`` and any encoder of timm."""

    settings: dict[str, Any] = Field(default={})
    """Further keywords of the architecture, such as ``{decoder_channels: [64, 48, 32, 24, 16]}``."""

    weights: Location | None = None
    """File of weights to begin with, relative to the data root: a state dictionary of the encoder or of the whole network
    (``.pt``, ``.pth`` or ``.safetensors``); random ones without it. Nothing is downloaded."""

    @property
    def title(self) -> str:
        """Its name."""
        return self.name or f"{self.architecture}-{self.encoder}"


class Training(Options):
    """How a network is trained."""

    side: Annotated[int, Field(ge=32, le=2048, multiple_of=32)] = 256
    """Of the square that the network sees, px."""

    steps: Annotated[int, Field(ge=1)] = 20_000
    """Of the optimiser."""

    batch: Annotated[int, Field(ge=2)] = 16
    """Pictures in a step, on each device."""

    optimiser: Literal["adamw", "sgd"] = "adamw"
    """SGD has a momentum of 0.9."""

    learning_rate: Positive = 0.001
    """At its highest; it rises over the first steps and falls to 0 with a power of 0.9."""

    warm_up: Share = 0.05
    """Share of the steps in which the learning rate rises."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.0005
    """Of every weight."""

    clip: Annotated[float, Field(ge=0)] = 1.0
    """Norm to which gradients are cut; 0 leaves them."""

    targets: Literal["hard", "matte"] = "hard"
    """``hard``: every pixel is face or is not. ``matte``: the share of each pixel that is visible face, by natocc's mattes: its
    datasets then need ``output.masks: [face, amodal, matte]``. Other pictures have their labels, averaged to the size."""

    augment: Augmentation = Augmentation()
    """What is done to pictures."""

    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"
    """Of the arithmetic."""

    workers: Annotated[int, Field(ge=0)] = 0
    """Processes that read pictures, for each device; 0 reads in between."""

    checkpoint_steps: Annotated[int, Field(ge=1)] = 100
    """Steps after which a checkpoint is written; what a killed run has done since the last one is done again."""


class SourceOptions(PicturesOptions):
    """Labelled pictures: a folder, faces of a source, or a recipe that is built for it."""

    recipe: str | None = None
    """Instead of a folder: a recipe of natocc's, by name or file, that is built below the benchmark's folder."""

    edits: tuple[str, ...] = ()
    """Of the recipe, such as ``seed=2``."""

    count: Annotated[int, Field(ge=1)] | None = None
    """Samples of the recipe; what its sets say unless given."""

    weight: Positive | None = None
    """How often pictures of this source are drawn beside those of others; the number of its pictures unless given."""

    @property
    def places(self) -> int:
        """How many places are named."""
        return super().places + (self.recipe is not None)

    @model_validator(mode="after")
    def _edits_have_a_recipe(self) -> SourceOptions:
        if self.recipe is None and (self.edits or self.count is not None):
            raise ValueError("edits and count are a recipe's, which is not named")
        return self


class TruthOptions(SourceOptions):
    """Labelled pictures that networks are tested on."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    """In tables and files."""


class SetOptions(Options):
    """A training set."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
    """In tables and folders."""

    pictures: tuple[SourceOptions, ...] = Field(min_length=1)
    """What it is made of."""

    extends: str | None = None
    """Name of an earlier set, whose pictures are in this one too."""


class Benchmark(Options):
    """Training sets compared: each trains each network with each seed, and is tested on each truth."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Of the benchmark."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0,), min_length=1)
    """A training for each."""

    sets: tuple[SetOptions, ...] = Field(min_length=1)
    """The first is the one that others are compared with."""

    networks: tuple[Network, ...] = Field(default=(Network(),), min_length=1)
    """What is trained."""

    training: Training = Training()
    """How."""

    truths: tuple[TruthOptions, ...] = Field(min_length=1)
    """What is tested on."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Benchmark:
        names = {
            "sets": [entry.name for entry in self.sets],
            "truths": [entry.name for entry in self.truths],
            "networks": [entry.title for entry in self.networks],
            "seeds": [str(seed) for seed in self.seeds],
        }
        for key, values in names.items():
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{key}: {twice[0]!r} is there twice")
        for index, entry in enumerate(self.sets):
            if entry.extends is not None and entry.extends not in names["sets"][:index]:
                raise ValueError(f"sets.{index}.extends: {entry.extends!r} is no earlier set")
        return self

    def pictures(self, name: str) -> tuple[SourceOptions, ...]:
        """Everything that a set is made of, what it extends first."""
        entry = next(entry for entry in self.sets if entry.name == name)
        return (*(self.pictures(entry.extends) if entry.extends else ()), *entry.pictures)

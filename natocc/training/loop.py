"""The loop: Lightning's, with natocc's data, checkpoints that are whole, and one line for what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from natocc.core.errors import RunError, UsageError
from natocc.core.progress import Progress
from natocc.io.atomic import disk_errors, flush, fresh_name
from natocc.io.files import exists
from natocc.training.data import Drawn, Source
from natocc.training.options import Training
from natocc.training.packages import needed, quiet

CHECKPOINT = "last.ckpt"
"""File in which a training is kept, so that it can be resumed."""


History = list[tuple[int, float]]
"""Steps, and the mean loss of those since the one before."""


def fit(
    network: Any,
    sources: Sequence[Source],
    options: Training,
    seed: int,
    out: Path,
    progress: Progress,
    accelerator: str = "auto",
    devices: int = 1,
) -> History:
    """Train a network, or go on with it where a checkpoint lies.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    sources : sequence of Source
        What it is trained on.
    options : Training
        How.
    seed : int
        Of the pictures that are drawn and how they are turned.
    out : Path
        An existing folder for the checkpoint.
    progress : Progress
        Hears how many pictures have been seen.
    accelerator : str
        ``auto``, ``cpu`` or ``gpu``.
    devices : int
        How many of them.

    Returns
    -------
    history : list of (int, float)
        Of the loss.

    Raises
    ------
    UsageError
        If there is no such device, or a checkpoint does not fit.
    RunError
        If the loss is no longer a number.
    """
    torch, lightning = needed("torch"), needed("lightning.pytorch")
    check_device(torch, accelerator, devices)
    module = _module(network, sources, options, seed)
    watcher = _watcher(out, options, progress)
    checkpoint = _checkpoint(torch, out / CHECKPOINT)
    with quiet():
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=devices,
            strategy="ddp" if devices > 1 else "auto",
            precision=options.precision,
            max_epochs=math.ceil(options.steps / options.checkpoint_steps),
            gradient_clip_val=options.clip or None,
            callbacks=[watcher],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            reload_dataloaders_every_n_epochs=1,
            default_root_dir=out,
        )
        try:
            trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
        except SystemExit:  # what Lightning makes of an interruption
            if watcher.stopped is None:
                raise
            raise watcher.stopped from None
        except torch.OutOfMemoryError as error:
            shown = " ".join(str(error).split())[:200]
            raise RunError(f"the device has no memory left: try a smaller training.batch or training.side ({shown})") from None
    return list(module.history)


def check_device(torch: Any, accelerator: str, devices: int) -> None:
    """Refuse what this machine has not.

    Raises
    ------
    UsageError
        If a GPU is asked for that is not there.
    """
    present = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if accelerator == "gpu" and present < devices:
        raise UsageError(f"{devices} GPUs were asked for, PyTorch {torch.__version__} sees {present}; use --accelerator cpu")


def _module(network: Any, sources: Sequence[Source], options: Training, seed: int) -> Any:
    """The network as Lightning trains it."""
    torch, lightning = needed("torch"), needed("lightning.pytorch")
    functional = torch.nn.functional
    drawn = Drawn(sources, options, seed, 0, 0)

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.network = network.to(memory_format=torch.channels_last)
            self.history: History = []
            self.losses: list[Any] = []

        def training_step(self, batch: Any, index: int) -> Any:
            images, target, weight = batch
            images = images.contiguous(memory_format=torch.channels_last)  # a quarter faster on a CPU, more on a GPU
            logits = self.network(images)
            losses = functional.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")
            loss = losses / weight.sum().clamp(min=1)
            self.losses.append(loss.detach())
            return loss

        def configure_optimizers(self) -> Any:
            groups = {"lr": options.learning_rate, "weight_decay": options.weight_decay}
            if options.optimiser == "sgd":
                optimiser = torch.optim.SGD(self.parameters(), momentum=0.9, **groups)
            else:
                optimiser = torch.optim.AdamW(self.parameters(), **groups)
            rise = max(1, round(options.warm_up * options.steps))

            def rate(step: int) -> float:
                return float(min((step + 1) / rise, max(0.0, 1 - step / options.steps) ** 0.9))

            schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
            return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

        def train_dataloader(self) -> Any:
            """The pictures of the steps up to the next checkpoint."""
            pictures = options.batch * self.trainer.world_size
            begin = self.current_epoch * options.checkpoint_steps
            end = min(begin + options.checkpoint_steps, options.steps)
            part = drawn.part(begin * pictures, end * pictures)
            return torch.utils.data.DataLoader(part, options.batch, num_workers=options.workers, drop_last=True)

        def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            checkpoint["history"] = [list(entry) for entry in self.history]

        def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
            self.history = [(int(step), float(loss)) for step, loss in checkpoint["history"]]

    return Module()


def _watcher(out: Path, options: Training, progress: Progress) -> Any:
    """What tells how far it is, looks at the loss and writes checkpoints."""
    torch, lightning = needed("torch"), needed("lightning.pytorch")

    class Watcher(lightning.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        stopped: BaseException | None = None

        def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
            pictures = options.batch * trainer.world_size
            if trainer.is_global_zero:
                progress("training", trainer.global_step * pictures, options.steps * pictures)

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            loss = float(torch.stack(module.losses).float().mean())
            module.losses.clear()
            step = int(trainer.global_step)
            if not math.isfinite(loss):
                kept = f"; {out / CHECKPOINT} keeps what was learnt before" if exists(out / CHECKPOINT) else ""
                raise RunError(f"the loss is no longer a number, at step {step} or before: lower training.learning_rate{kept}")
            module.history.append((step, loss))
            path = out / CHECKPOINT
            aside = fresh_name(path)
            with disk_errors(path):
                try:
                    trainer.save_checkpoint(aside)
                    if trainer.is_global_zero:
                        flush(aside)
                        aside.replace(path)
                        flush(out)
                finally:
                    aside.unlink(missing_ok=True)

        def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
            if isinstance(exception, KeyboardInterrupt):
                self.stopped = exception

    return Watcher()


def _checkpoint(torch: Any, path: Path) -> str | None:
    """Path of a checkpoint that can be read, if there is one.

    Raises
    ------
    RunError
        If it is damaged.
    """
    if not exists(path):
        return None
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes of pickle, zip files and PyTorch
        raise RunError(f"{path} is damaged: remove it to begin anew ({' '.join(str(error).split())[:200]})") from None
    return str(path)

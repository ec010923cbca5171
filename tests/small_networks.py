"""Networks small enough to be written by hand, in natocc's contract: what is redder than blue by a certain amount is face."""

from __future__ import annotations

from pathlib import Path

from needed import need

from natocc.io.segmenter import contract


def red_network(path: Path, side: int = 64, least: float = 0.15, weight: float = 40.0) -> Path:
    """A network that calls face what is at least so much redder than blue, in [0, 1]; it says `weight` times the difference."""
    need("onnx")
    import onnx
    from onnx import TensorProto, helper

    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, (1, 3, 1, 1), [weight, 0.0, -weight])
    bias = helper.make_tensor("bias", TensorProto.FLOAT, (1,), [-weight * least])
    graph = helper.make_graph(
        [helper.make_node("Conv", ["picture", "kernel", "bias"], ["logit"], kernel_shape=[1, 1])],
        "red",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, 3, side, side))],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, (1, 1, side, side))],
        [kernel, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, contract(side, {"made": "by hand"}))
    onnx.save(model, path)
    return path

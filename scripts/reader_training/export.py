"""Weights of the encoder → ONNX, in 8 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from noisefilter.reader.session import COLUMNS, VOCABULARY
from reader_training.examples import TAUGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

OPSET, IR_VERSION = 20, 9
#: Attention heads of MiniLM.
HEADS = 12
#: Lower than any state: stands for the tokens outside a sentence when the maximum is taken.
LOWEST = -30.0


class Graph:
    """An ONNX graph, built one operation at a time; each method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """An array by name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def number(self, value: float) -> str:
        """A scalar."""
        return self.constant(f"number_{value}", np.array(value, np.float32))

    def axis(self, *axes: int) -> str:
        """Axes or a shape."""
        return self.constant(f"axes_{'_'.join(map(str, axes))}", np.array(axes, np.int64))

    def do(self, operation: str, *inputs: str, **options: object) -> str:
        """The output of an operation."""
        output = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], **options))
        return output

    def linear(self, states: str, name: str, weights: Weights) -> str:
        """A linear layer."""
        product = self.do("MatMul", states, self.constant(f"{name}.weight", weights[f"{name}.weight"].T))
        return self.do("Add", product, self.constant(f"{name}.bias", weights[f"{name}.bias"]))

    def norm(self, states: str, name: str, weights: Weights) -> str:
        """A layer norm."""
        scale, bias = (self.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.do("LayerNormalization", states, scale, bias, axis=-1, epsilon=1e-12)


def export(weights: Weights, pieces: Sequence[str], *, frozen: int) -> bytes:
    """The encoder as ONNX with 8-bit weights; its vocabulary, the pieces, is in the file's metadata.

    The weights have the names of `reader_training.network.Encoder`; the marks enter above the `frozen` layers.
    """
    graph = Graph()
    states = _encode(graph, weights, frozen)
    tokens = graph.do("Squeeze", graph.linear(states, "token", weights), graph.axis(2))
    graph.nodes.append(helper.make_node("Identity", [tokens], ["tokens"]))
    graph.nodes.append(helper.make_node("Identity", [_judge_sentences(graph, states, weights)], ["sentences"]))
    whole = helper.make_graph(
        graph.nodes,
        "reader",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"]),
            helper.make_tensor_value_info("marks", TensorProto.INT64, [1, "tokens"]),
            helper.make_tensor_value_info("stretches", TensorProto.FLOAT, ["sentences", "tokens"]),
        ],
        [
            helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, "tokens"]),
            helper.make_tensor_value_info("sentences", TensorProto.FLOAT, ["sentences", COLUMNS]),
        ],
        list(graph.constants.values()),
    )
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return _quantize(model, pieces)


def _encode(graph: Graph, weights: Weights, frozen: int) -> str:
    """States of the tokens after the last layer: (1, tokens, width)."""
    width = weights["words.weight"].shape[1]
    length = graph.do("Shape", "ids", start=1, end=2)
    places = graph.constant("places.weight", weights["places.weight"][: 2 * TAUGHT.piece])
    place = graph.do("Slice", places, graph.axis(0), length)
    word = graph.do("Gather", graph.constant("words.weight", weights["words.weight"]), "ids")
    states = graph.norm(graph.do("Add", word, place), "norm", weights)
    apart = graph.axis(0, 0, HEADS, width // HEADS)
    layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("layers."))
    for layer in range(layers):
        if layer == frozen:
            mark = graph.do("Gather", graph.constant("marks.weight", weights["marks.weight"]), "marks")
            states = graph.do("Add", states, mark)
        name = f"layers.{layer}"
        joined = graph.linear(states, f"{name}.attention", weights)
        parts = [f"{name}.{part}" for part in ("query", "key", "value")]
        graph.nodes.append(helper.make_node("Split", [joined], parts, axis=-1, num_outputs=3))
        query, key, value = (
            graph.do("Transpose", graph.do("Reshape", part, apart), perm=order)
            for part, order in zip(parts, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        scores = graph.do("Mul", graph.do("MatMul", query, key), graph.number((width // HEADS) ** -0.5))
        seen = graph.do("MatMul", graph.do("Softmax", scores, axis=-1), value)
        context = graph.do("Reshape", graph.do("Transpose", seen, perm=[0, 2, 1, 3]), graph.axis(0, 0, width))
        states = graph.norm(
            graph.do("Add", graph.linear(context, f"{name}.output", weights), states), f"{name}.norm1", weights
        )
        inner = graph.do("Gelu", graph.linear(states, f"{name}.inner", weights), approximate="tanh")
        states = graph.norm(
            graph.do("Add", graph.linear(inner, f"{name}.outer", weights), states), f"{name}.norm2", weights
        )
    return states


def _judge_sentences(graph: Graph, states: str, weights: Weights) -> str:
    """Logits of the sentences from the first token's state and the mean and maximum of theirs: (sentences, columns)."""
    flat = graph.do("Squeeze", states, graph.axis(0))
    size = graph.do("ReduceSum", "stretches", graph.axis(1), keepdims=1)
    mean = graph.do("Div", graph.do("MatMul", "stretches", flat), size)
    inside = graph.do("Cast", graph.do("Unsqueeze", "stretches", graph.axis(2)), to=TensorProto.BOOL)
    highest = graph.do("ReduceMax", graph.do("Where", inside, states, graph.number(LOWEST)), graph.axis(1), keepdims=0)
    first = graph.do("Gather", states, graph.axis(0), axis=1)  # (1, 1, width)
    first = graph.do("Squeeze", first, graph.axis(0))
    first = graph.do("Expand", first, graph.do("Shape", mean))
    joined = graph.do("Concat", first, mean, highest, axis=-1)
    return graph.linear(
        graph.do("Gelu", graph.linear(joined, "hidden", weights), approximate="none"), "classes", weights
    )


def _quantize(model: onnx.ModelProto, pieces: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="noisefilter-") as folder:
        source, target = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(model, source)
        quantize_dynamic(
            source,
            target,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT, "MatMulConstBOnly": True},
        )
        small = onnx.load(target)
    entry = small.metadata_props.add()
    entry.key, entry.value = VOCABULARY, "\n".join(pieces)
    return small.SerializeToString(deterministic=True)

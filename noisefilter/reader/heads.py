"""Get and replace the last layer in a reader's ONNX file, to adapt it to a user's labels (extra `onnx`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from noisefilter.reader.session import HIDDEN

if TYPE_CHECKING:
    from noisefilter.arrays import Matrix

#: Names in the file: the biases of the layer before the last one and of the last one, and the weights of the last one.
BEFORE, BIAS, WEIGHTS = "hidden.bias", "classes.bias", "classes.weight"


def with_hidden(network: bytes) -> bytes:
    """The network with one more output: the last layer's input for each sentence."""
    model = onnx.load_from_string(network)
    model.graph.node.append(helper.make_node("Identity", [_hidden(model)], [HIDDEN]))
    model.graph.output.append(helper.make_tensor_value_info(HIDDEN, TensorProto.FLOAT, ["sentences", "hidden"]))
    return model.SerializeToString(deterministic=True)


def head_of(network: bytes) -> tuple[Matrix, Matrix]:
    """Weights (hidden, columns) and bias (columns,) of the last layer."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(network).graph.initializer}
    if WEIGHTS in arrays:
        weights = arrays[WEIGHTS]
    else:
        weights = arrays[f"{WEIGHTS}_quantized"].astype(np.float64) - arrays[f"{WEIGHTS}_zero_point"]
        weights *= arrays[f"{WEIGHTS}_scale"]
    return weights.astype(np.float64), arrays[BIAS].astype(np.float64)


def with_head(network: bytes, weights: Matrix, bias: Matrix) -> bytes:
    """The network with the given last layer, in 32 bits; the rest is unchanged."""
    model = onnx.load_from_string(network)
    graph = model.graph
    for tensor in [tensor for tensor in graph.initializer if tensor.name == BIAS or tensor.name.startswith(WEIGHTS)]:
        graph.initializer.remove(tensor)
    for name, value in ((WEIGHTS, weights), (BIAS, bias)):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
    total = next(node for node in graph.node if BIAS in node.input)
    product = "product_of_last_layer"
    place = next(place for place, name in enumerate(total.input) if name != BIAS)
    total.input[place] = product
    kept = [node for node in graph.node if not any(name.startswith(WEIGHTS) for name in node.input)]
    made = helper.make_node("MatMul", [_hidden(model), WEIGHTS], [product])
    kept.insert(kept.index(total), made)
    del graph.node[:]
    graph.node.extend(_used(kept, {tensor.name for tensor in graph.output}))
    return model.SerializeToString(deterministic=True)


def _hidden(model: onnx.ModelProto) -> str:
    """Name of the last layer's input."""
    total = next(node for node in model.graph.node if BEFORE in node.input)
    return str(next(node for node in model.graph.node if total.output[0] in node.input).output[0])


def _used(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """The nodes that an output needs, in order."""
    needed, found = set(outputs), []
    for node in reversed(nodes):
        if needed & set(node.output):
            needed |= set(node.input)
            found.append(node)
    return found[::-1]

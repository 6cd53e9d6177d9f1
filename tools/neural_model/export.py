"""Write the trained networks as ONNX files: token table in four bits, the encoder's matrices in int8.

A graph reads one input at a time. The matrices are multiplied with int8 activations whose scale is computed per input,
and an input is one turn, so that a reading never depends on other turns. Weights have seven bits, because processors
without VNNI add two products in 16 bits.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from memctl.extract.neural.labels import ROLES
from tools.neural_model.network import HEADS, LINK, NORM, WIDTH, ChangeNetwork, Encoder, Network

LARGEST = 63
"""The largest weight in seven bits."""
HEAD = WIDTH // HEADS


class _Graph:
    """The nodes and constants of the graph so far. Methods return the name of a node's output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def node(self, kind: str, *inputs: str, domain: str = "", name: str = "", **attributes: object) -> str:
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], domain=domain, **attributes))
        return output

    def dense(self, x: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`x` times an int8 matrix with a scale per column, plus a bias."""
        scale = (np.abs(weight).max(1) / LARGEST).astype(np.float32)
        rounded = np.round(weight / scale[:, None]).astype(np.int8).T
        return self.node(
            "DynamicQuantizeMatMul",
            x,
            self.constant(f"{name}.weight", rounded),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            self.constant(f"{name}.bias", bias),
            domain="com.microsoft",
        )

    def exact(self, x: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32], output: str = "") -> str:
        """`x` times a matrix of floats: the heads, which are small."""
        product = self.node("MatMul", x, self.constant(f"{name}.weight", weight.T))
        return self.node("Add", product, self.constant(f"{name}.bias", bias), name=output)

    def norm(self, x: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        return self.node(
            "LayerNormalization",
            x,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", bias),
            epsilon=NORM,
        )


def export(network: Network, path: Path) -> None:
    """Write the reader of claims to `path`.

    Inputs: rows, types, cases, int64 (tokens). Outputs: tags, roles (tokens, .), over (tokens), links (roles, tokens,
    tokens), modality (.).
    """
    graph, weights = _Graph(), _weights(network)
    x = _encoded(graph, weights, len(network.layers))
    graph.exact(x, *_pair(weights, "tags"), "tags")
    graph.exact(x, *_pair(weights, "roles"), "roles")
    graph.node("Squeeze", graph.exact(x, *_pair(weights, "over")), graph.numbers(1), name="over")
    asks, offers = (
        graph.node("Reshape", graph.exact(x, *_pair(weights, name)), graph.numbers(0, len(ROLES), LINK))
        for name in ("asks", "offers")
    )
    scores = graph.node(
        "MatMul",
        graph.node("Transpose", asks, perm=[1, 0, 2]),
        graph.node("Transpose", offers, perm=[1, 2, 0]),
    )
    graph.node("Div", scores, graph.constant("root", np.array(np.sqrt(LINK), np.float32)), name="links")
    graph.exact(_first(graph, x), *_pair(weights, "modality"), "modality")
    _write(graph, {"tags": 2, "roles": 2, "over": 1, "links": 3, "modality": 1}, path)


def export_changes(network: ChangeNetwork, path: Path) -> None:
    """Write the reader of changes to `path`. Inputs: rows, types, cases, int64 (tokens). Output: ends (1)."""
    graph, weights = _Graph(), _weights(network)
    x = _encoded(graph, weights, len(network.layers))
    graph.exact(_first(graph, x), *_pair(weights, "ends"), "ends")
    _write(graph, {"ends": 1}, path)


def _weights(network: Encoder) -> dict[str, NDArray[np.float32]]:
    return {name: value.detach().float().numpy() for name, value in network.state_dict().items()}


def _pair(weights: dict[str, NDArray[np.float32]], name: str) -> tuple[str, NDArray[np.float32], NDArray[np.float32]]:
    """The name, the matrix and the bias of a layer."""
    return name, weights[f"{name}.weight"], weights[f"{name}.bias"]


def _encoded(graph: _Graph, weights: dict[str, NDArray[np.float32]], layers: int) -> str:
    """The vectors (tokens, WIDTH) of the inputs rows, types and cases."""
    x = graph.norm(_embedded(graph, weights), *_pair(weights, "norm"))
    for number in range(layers):
        parts = ("qkv", "out", "norm", "up", "down", "norm_out")
        qkv, out, norm, up, down, norm_out = (_pair(weights, f"layers.{number}.{part}") for part in parts)
        mixed = _attention(graph, graph.dense(x, *qkv))
        x = graph.norm(graph.node("Add", x, graph.dense(mixed, *out)), *norm)
        inner = graph.node("Gelu", graph.dense(x, *up), domain="com.microsoft")
        x = graph.norm(graph.node("Add", x, graph.dense(inner, *down)), *norm_out)
    return x


def _first(graph: _Graph, x: str) -> str:
    """The vector of the first mark, which stands for the whole input."""
    return graph.node("Gather", x, graph.constant("first", np.array(0, np.int64)), axis=0)


def _write(graph: _Graph, shapes: dict[str, int], path: Path) -> None:
    """Write the graph with outputs of these ranks. Its inputs are rows, types and cases, int64 (tokens)."""
    whole = [helper.make_tensor_value_info(name, TensorProto.INT64, ["tokens"]) for name in ("rows", "types", "cases")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name, rank in shapes.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "memctl", whole, outputs, list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)],
        ir_version=9,
        producer_name="memctl",
    )
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _embedded(graph: _Graph, weights: dict[str, NDArray[np.float32]]) -> str:
    """The sum of the vectors of token, place, type and case; a byte has the dimensions j and j + WIDTH / 2."""
    table = (weights["table"].astype(np.int16) + 8).astype(np.uint8)
    half = WIDTH // 2
    packed = graph.constant("table", table[:, :half] | (table[:, half:] << 4))
    both = graph.node("Gather", packed, "rows")
    sixteen = graph.constant("sixteen", np.array(16, np.uint8))
    high = graph.node("Div", both, sixteen)
    low = graph.node("Sub", both, graph.node("Mul", high, sixteen))
    whole = graph.node("Cast", graph.node("Concat", low, high, axis=1), to=TensorProto.FLOAT)
    centred = graph.node("Sub", whole, graph.constant("eight", np.array(8, np.float32)))
    scale = graph.node("Gather", graph.constant("scales", weights["scales"].astype(np.float16)), "rows")
    x = graph.node("Mul", centred, graph.node("Cast", scale, to=TensorProto.FLOAT))
    length = graph.node("Shape", "rows")
    places = graph.node(
        "Slice", graph.constant("positions", weights["positions"]), graph.numbers(0), length, graph.numbers(0)
    )
    for name in ("types", "cases"):
        places = graph.node("Add", places, graph.node("Gather", graph.constant(f"{name}_table", weights[name]), name))
    return graph.node("Add", x, places)


def _attention(graph: _Graph, qkv: str) -> str:
    """Attention of all heads, from (tokens, 3 * WIDTH) to (tokens, WIDTH)."""
    parts = graph.node("Transpose", graph.node("Reshape", qkv, graph.numbers(0, 3, HEADS, HEAD)), perm=[1, 2, 0, 3])
    q, k, v = (
        graph.node("Gather", parts, graph.constant(f"part_{n}", np.array(n, np.int64)), axis=0) for n in range(3)
    )
    scores = graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 2, 1]))
    scores = graph.node("Div", scores, graph.constant("root_head", np.array(np.sqrt(HEAD), np.float32)))
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), v)
    return graph.node("Reshape", graph.node("Transpose", mixed, perm=[1, 0, 2]), graph.numbers(0, WIDTH))

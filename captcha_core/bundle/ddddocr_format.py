"""A model as the package ddddocr takes it: an ONNX graph of the input that it makes, and ``charsets.json``.

ddddocr resizes a picture, makes it grey where one channel is wanted, divides it by 255, and reads what the graph gives
by CTC with class 0 as the blank (its ``import_onnx_path`` and ``charsets_path``, version 1.6). Pictures of the model's
own size come out the same; others are resized its way.
"""

import json
from typing import Any

import numpy as np

from captcha_core.bundle.bundle import Bundle
from captcha_core.errors import ModelError
from captcha_core.features.image import ImageFeatures

CHARSETS = "charsets.json"
EXAMPLE = """\
import pathlib, sys
import ddddocr
here = pathlib.Path(__file__).parent
reader = ddddocr.DdddOcr(
    show_ad=False, import_onnx_path=str(here / {file!r}), charsets_path=str(here / "charsets.json")
)
print(reader.classification(open(sys.argv[1], "rb").read()))
"""


def shape_of(bundle: Bundle) -> tuple[int, int, int]:
    """Return (H, W, C) of what a model sees.

    Raises:
        ModelError: If that is anything but pixels as they are.
    """
    features = bundle.config.features
    if not isinstance(features, ImageFeatures):
        raise ModelError(
            f"expected a model that sees pixels as they are, as ddddocr hands them over, received one of "
            f"{features.kind} features; train one with --network image_ctc."
        )
    return features.shape


def wrapped(bundle: Bundle, content: bytes) -> bytes:
    """Return an ONNX graph from float32 (N, C, H, W) in [0, 1] to logits (N, T, K + 1) that CTC reads.

    Where a model has an output for each position, blanks between them keep two equal characters apart.

    Args:
        bundle: The model.
        content: Its graph from uint8 (N, H, W, C).
    """
    import onnx
    from onnx import TensorProto, helper

    height, width, channels = shape_of(bundle)
    model = onnx.load_from_string(content)
    graph, name = model.graph, model.graph.input[0].name
    entry = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["N", channels, height, width])
    graph.initializer.append(helper.make_tensor("levels", TensorProto.FLOAT, [], [255.0]))
    before = [
        helper.make_node("Mul", ["picture", "levels"], ["scaled"]),
        helper.make_node("Round", ["scaled"], ["whole"]),
        helper.make_node("Transpose", ["whole"], ["pixels"], perm=[0, 2, 3, 1]),
        helper.make_node("Cast", ["pixels"], [name], to=TensorProto.UINT8),
    ]
    nodes = [*before, *graph.node]
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    graph.input.append(entry)
    if bundle.config.head == "positions":
        _add_blanks(graph, bundle.spec.max_length, bundle.spec.charset.classes)
    return bytes(model.SerializeToString())


def _add_blanks(graph: Any, length: int, classes: int) -> None:
    """Put a sure blank behind each position of a graph's output (N, L, K + 1)."""
    from onnx import TensorProto, helper

    (logits,) = (output.name for output in graph.output)
    constants = {
        "nothing": helper.make_tensor("nothing", TensorProto.FLOAT, [], [0.0]),
        "blank": helper.make_tensor("blank", TensorProto.FLOAT, [1, 1, classes], [100.0] + [-100.0] * (classes - 1)),
        "behind": helper.make_tensor("behind", TensorProto.INT64, [1], [2]),
        "steps": helper.make_tensor("steps", TensorProto.INT64, [3], [0, 2 * length, classes]),
    }
    graph.initializer.extend(constants.values())
    graph.node.extend(
        [
            helper.make_node("Mul", [logits, "nothing"], ["zeros"]),
            helper.make_node("Add", ["zeros", "blank"], ["blanks"]),
            helper.make_node("Unsqueeze", [logits, "behind"], ["one"]),
            helper.make_node("Unsqueeze", ["blanks", "behind"], ["other"]),
            helper.make_node("Concat", ["one", "other"], ["pairs"], axis=2),
            helper.make_node("Reshape", ["pairs", "steps"], ["with blanks"]),
        ]
    )
    del graph.output[:]
    shape: list[str | int | None] = ["N", 2 * length, classes]
    graph.output.append(helper.make_tensor_value_info("with blanks", TensorProto.FLOAT, shape))


def taken(features: np.ndarray) -> np.ndarray:
    """Return what ddddocr would hand over for inputs uint8 (N, H, W, C)."""
    return np.ascontiguousarray(features.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def charsets(bundle: Bundle) -> bytes:
    """Return the content of ``charsets.json``."""
    height, width, channels = shape_of(bundle)
    about = {"charset": ["", *bundle.spec.alphabet], "word": False, "image": [width, height], "channel": channels}
    return json.dumps(about, ensure_ascii=False).encode()
